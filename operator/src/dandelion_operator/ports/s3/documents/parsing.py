"""What a document may become once it is parsed: of eight megabytes of `{},`, half a gigabyte.

Whoever trains writes documents, and the operator that reads them is everybody's. Called by those
that read JSON.
"""

from __future__ import annotations

import contextlib
import threading
from collections.abc import Iterator

from dandelion_operator.ports.s3.connection.budget import LargeError

# A contract has seven a class.
MOST_PARTS = 250_000
MARKS = (b"{", b"[", b",")
# Smaller ones come to little, and wait for nobody.
SMALL_BYTES = 64 * 1024
# A parser keeps other threads from running anyway, so taking turns makes nothing slower.
_turns = threading.Lock()


@contextlib.contextmanager
def parsing(content: bytes) -> Iterator[None]:
    """For the block in which it is parsed; of large ones, one at a time. Raises LargeError."""
    if len(content) <= SMALL_BYTES:
        yield
        return
    if sum(map(content.count, MARKS)) > MOST_PARTS:
        raise LargeError(f"it has more than {MOST_PARTS:,} parts")
    with _turns:
        yield
