"""Looking into a file without decoding it, and being refused then."""

from __future__ import annotations

import pytest
from dandelion_pictures import Limits, PendingImage, Preprocessing, Reader, Unreadable

MUCH = 40_000_000  # bytes

SMALL = Preprocessing(36, 32, 1 / 255, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
READER = Reader()
EVERYTHING = Reader(Limits(max_memory=10**12, max_work=10**15))


def pending(data: bytes, reader: Reader = READER) -> PendingImage:
    return reader.open(data, SMALL)


def refusal(data: bytes, reader: Reader = READER) -> Unreadable:
    with pytest.raises(Unreadable) as refused:
        reader.open(data, SMALL)
    return refused.value
