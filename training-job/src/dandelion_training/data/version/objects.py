"""Which objects a run listed for a version, in a form that is quickly held against a later listing.

Whatever was listed is in it, be it an image, unusable or ignored: it is no longer new. The operator
counts the objects of its own listings that are not in it (`ports/s3/documents/listed.py` there
reads it). It takes no part in the digest, as the index.

The document is the line `dandelion.dev/dataset-objects/v1`, then a digest for each object, 8 bytes
each, ascending. A digest is BLAKE2b, of 8 bytes, of the object's key below the dataset's folder,
its size in bytes and its ETag without quotes, in UTF-8 with a zero byte between them. An object
that is moved or changed has another digest; a new one has that of one among a million known by
chance once in 2^44 times.
"""

import hashlib
from collections.abc import Iterable

from dandelion_training.ports.storage import StoredObject

HEADER = b"dandelion.dev/dataset-objects/v1\n"
DIGEST_BYTES = 8


def encoded(objects: Iterable[StoredObject]) -> bytes:
    """The document of all objects of a listing."""
    return HEADER + b"".join(sorted(map(digest, objects)))


def digest(item: StoredObject) -> bytes:
    found = hashlib.blake2b(
        f"{item.name}\0{item.size}\0{item.etag}".encode(), digest_size=DIGEST_BYTES
    )
    return found.digest()
