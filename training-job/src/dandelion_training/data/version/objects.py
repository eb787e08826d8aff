"""Which objects a run listed for a version, and which lines its table of addresses had, in a form
that is quickly held against a later look.

Whatever was listed is in it, be it an image, unusable or ignored: it is no longer new. So is every
line of the table, whatever became of its address. The operator counts the objects of its own
listings and the lines of the table that are not in it (`ports/s3/documents/listed.py` there reads
it). It takes no part in the digest, as the index.

The document is the line `dandelion.dev/dataset-objects/v1`, then a digest for each object, 8 bytes
each, ascending. A digest is BLAKE2b, of 8 bytes, of the object's key below the dataset's folder,
its size in bytes and its ETag without quotes, in UTF-8 with a zero byte between them. An object
that is moved or changed has another digest; a new one has that of one among a million known by
chance once in 2^44 times.

The digest of a line is the same function, personalised with `address-line`, of its bytes without
white space around them. A changed label makes another line, as an object that is moved to another
class is another one. The digest of the empty line is there if, and only if, there was a table.
"""

import hashlib
from collections.abc import Iterable, Set

from dandelion_training.ports.storage import StoredObject

HEADER = b"dandelion.dev/dataset-objects/v1\n"
DIGEST_BYTES = 8
LINE = b"address-line"


def encoded(objects: Iterable[StoredObject], lines: Set[bytes] = frozenset()) -> bytes:
    """The document of all objects of a listing, and of the `line_digests` of a table."""
    return HEADER + b"".join(sorted([*map(digest, objects), *lines]))


def digest(item: StoredObject) -> bytes:
    found = hashlib.blake2b(
        f"{item.name}\0{item.size}\0{item.etag}".encode(), digest_size=DIGEST_BYTES
    )
    return found.digest()


def line_digests(table: bytes) -> frozenset[bytes]:
    """Of every line that a table of addresses has, and of the empty one."""
    return frozenset(_of_line(line.strip()) for line in (b"", *table.splitlines()))


def _of_line(line: bytes) -> bytes:
    return hashlib.blake2b(line, digest_size=DIGEST_BYTES, person=LINE).digest()
