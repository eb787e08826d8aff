"""Reading a file as serving does, and what is to be seen in it."""

from __future__ import annotations

from collections.abc import Sequence

import containers
import crafted
import numpy as np
import pictures
import pytest
from dandelion_pictures import Preprocessing, Reader, Unreadable
from numpy.typing import NDArray

WHOLE = Preprocessing(64, 64, 1 / 255, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
READER = Reader()


def shown(data: bytes) -> NDArray[np.int64]:
    return np.asarray(READER.open(data, WHOLE).resized()).astype(int)


def corners(data: bytes) -> list[tuple[int, ...]]:
    """Colours at the corners, from the upper left to the lower right."""
    image = shown(data)
    return [tuple(image[y, x]) for y in (4, -5) for x in (4, -5)]


def near(
    found: Sequence[tuple[int, ...]], expected: Sequence[tuple[int, ...]], steps: int = 3
) -> bool:
    return bool((np.abs(np.array(found) - np.array(expected)) <= steps).all())


def refusal(data: bytes, reader: Reader = READER) -> Unreadable:
    with pytest.raises(Unreadable) as refused:
        reader.tensor(data, WHOLE)
    return refused.value


QUARTERED = pictures.encoded(containers.quarters())


def with_chunk(data: bytes, kind: bytes, content: bytes) -> bytes:
    return data[:33] + crafted.chunk(kind, content) + data[33:]


PHOTO = pictures.encoded(containers.quarters(), "JPEG", quality=95, subsampling=0)
