"""Reads an upload's header, and decodes it here and now where that is a small matter.

Small images are decoded by the thread that asks: to hand them over would cost more than it saves.
What is larger is a `LargeImage`, for `decoders.py`. Called in worker threads.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import numpy as np
from dandelion_pictures import Cost, Kind, Limits, Preprocessing, Reader, Unreadable
from numpy.typing import NDArray

from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.intake.encodings import is_address

# A screenshot of two megapixels is small.
SMALL_BYTES = 24 * 1024 * 1024

# A quarter of a second: nothing can end it sooner.
SMALL = Limits(max_memory=SMALL_BYTES, max_work=250_000_000)

# A service that fetches what a client names is a way into networks that the client cannot reach
# (server-side request forgery, CWE-918), waits for strangers, and tells them what is asked here.
NOT_FETCHED = (
    "This is an address, and nothing is fetched from elsewhere: the service would reach what its "
    "clients must not, wait for servers that nobody vouches for, and tell them what it is asked. "
    "Fetch the image yourself and send its bytes."
)

REFUSALS = {
    Kind.EMPTY: Code.EMPTY_UPLOAD,
    Kind.NOT_AN_IMAGE: Code.NOT_AN_IMAGE,
    Kind.UNSUPPORTED: Code.UNSUPPORTED_FORMAT,
    Kind.TRUNCATED: Code.TRUNCATED_IMAGE,
    Kind.BROKEN: Code.BROKEN_IMAGE,
    Kind.TOO_LARGE: Code.TOO_MANY_PIXELS,
}


@dataclass(frozen=True)
class LargeImage:
    """An upload whose header is good, and which is still to be decoded."""

    data: bytes
    preprocessing: Preprocessing
    cost: Cost


class Reserve:
    """Bytes that threads share: who finds too few left waits for others to be done."""

    def __init__(self, size: int) -> None:
        self._free = size
        self._changed = threading.Condition()

    @contextmanager
    def hold(self, size: int) -> Iterator[None]:
        with self._changed:
            while self._free < size:
                self._changed.wait()
            self._free -= size
        try:
            yield
        finally:
            with self._changed:
                self._free += size
                self._changed.notify_all()


class Images:
    """Opens uploads for all threads."""

    def __init__(self, reader: Reader, reserve: int) -> None:
        """`reserve` is how many bytes small images may take together: those of one at least."""
        self._reader = reader
        self._reserve = Reserve(max(reserve, SMALL_BYTES))

    def opened(self, data: bytes, preprocessing: Preprocessing) -> NDArray[np.float32] | LargeImage:
        """The network's input, or what is to be decoded elsewhere; raises RefusedError."""
        if is_address(data):
            raise RefusedError(Code.ADDRESS_NOT_FETCHED, NOT_FETCHED)
        try:
            pending = self._reader.open(data, preprocessing)
            if not SMALL.hold(pending.cost):
                return LargeImage(data, preprocessing, pending.cost)
            with self._reserve.hold(pending.cost.memory):
                return pending.tensor()
        except Unreadable as error:
            raise refused(error) from None


def refused(error: Unreadable) -> RefusedError:
    """What a client is told of it."""
    return RefusedError(REFUSALS[error.kind], error.words)
