"""Which objects a run listed when it made a dataset version, and which lines its table of addresses
had: what is new in a listing or in the table is not there.

`objects.bin` beside the version, as training writes it (`data/version/objects.py` there): a line
that names the format, then a digest for each object, 8 bytes each, ascending. A digest is BLAKE2b,
of 8 bytes, of the object's key below the dataset's folder, its size and its ETag, in UTF-8 with a
zero byte between them. That of a line is the same function, personalised with `address-line`, of
its bytes without white space around them; the empty line is there if there was a table. A million
objects are 8 MB, and stay so in memory. Called by `storage`.
"""

from __future__ import annotations

import hashlib
import sys
from array import array
from bisect import bisect_left
from itertools import pairwise

HEADER = b"dandelion.dev/dataset-objects/v1\n"
DIGEST_BYTES = 8
LINE = b"address-line"


class ListedError(Exception):
    """The content is no such document."""


class ListedObjects:
    """The digests of the objects; raises ListedError."""

    def __init__(self, content: bytes) -> None:
        if not content.startswith(HEADER):
            raise ListedError(f"its first line does not name {HEADER.decode().strip()}")
        digests = content[len(HEADER) :]
        if len(digests) % DIGEST_BYTES:
            raise ListedError("it is cut off")
        self._digests = array("Q", digests)
        if sys.byteorder == "little":
            self._digests.byteswap()
        if any(after < before for before, after in pairwise(self._digests)):
            raise ListedError("its digests do not ascend")

    @property
    def size(self) -> int:
        """What it takes in memory, in bytes."""
        return DIGEST_BYTES * len(self._digests)

    def __contains__(self, digest: int) -> bool:
        at = bisect_left(self._digests, digest)
        return at < len(self._digests) and self._digests[at] == digest

    @property
    def have_lines(self) -> bool:
        """Whether a table of addresses was read for the version."""
        return line_digest(b"") in self

    def new_lines(self, table: bytes) -> int:
        """How many lines a table of addresses has, each counted once, that are not there."""
        lines = {line.strip() for line in table.splitlines()} - {b""}
        return sum(line_digest(line) not in self for line in lines)


def digest(key: str, size: int, etag: str) -> int:
    found = hashlib.blake2b(f"{key}\0{size}\0{etag}".encode(), digest_size=DIGEST_BYTES)
    return int.from_bytes(found.digest())


def line_digest(line: bytes) -> int:
    found = hashlib.blake2b(line, digest_size=DIGEST_BYTES, person=LINE)
    return int.from_bytes(found.digest())
