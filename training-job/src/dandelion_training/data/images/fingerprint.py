"""Which images show the same thing: re-encoded or resized copies of one picture.

Such copies in both splits would let the model be evaluated on what it has learnt by
heart. Two tests must agree before images count as near-duplicates, because one alone is not enough:
a 256-bit difference hash sees structure but calls hundreds of handwritten digits equal, and a 16×16
thumbnail sees brightness but calls two lawns equal. `dataset` groups by it before it
splits.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

SIDE = 16
MAXIMUM_BITS = (
    24  # of 256: a JPEG at quality 40 and a copy at half the size stay below in 99 of 100 photos
)
MAXIMUM_GREY = 3.0  # mean difference in grey levels, of 255
QUADRANT_GREY = (
    MAXIMUM_GREY * 4
)  # what that allows the mean of a quarter of the thumbnail to differ


@dataclass(frozen=True)
class Fingerprint:
    """What an image looks like, in 288 bytes."""

    bits: bytes
    thumbnail: bytes


def fingerprint(image: Image.Image) -> Fingerprint:
    grey = image.convert("L")
    steps = np.asarray(grey.resize((SIDE + 1, SIDE), Image.Resampling.BILINEAR))
    small = grey.resize((SIDE, SIDE), Image.Resampling.BILINEAR)
    return Fingerprint(np.packbits(steps[:, 1:] > steps[:, :-1]).tobytes(), small.tobytes())


def groups(prints: Sequence[Fingerprint]) -> list[int]:
    """For each image the number of its group: the smallest index among all it is linked to."""
    parent = list(range(len(prints)))

    def root(index: int) -> int:
        while parent[index] != index:
            parent[index] = parent[parent[index]]
            index = parent[index]
        return index

    for first, second in _near_pairs(prints):
        low, high = sorted((root(first), root(second)))
        parent[high] = low
    return [root(index) for index in range(len(prints))]


def _near_pairs(prints: Sequence[Fingerprint]) -> list[tuple[int, int]]:
    """All near pairs. Sorted by brightness: each image meets only those that can be near."""
    if not prints:
        return []
    thumbnails = np.frombuffer(b"".join(p.thumbnail for p in prints), np.uint8)
    thumbnails = thumbnails.reshape(len(prints), SIDE, SIDE)
    bits = np.frombuffer(b"".join(p.bits for p in prints), np.uint8).reshape(len(prints), -1)
    half = SIDE // 2
    quadrants = (
        thumbnails.reshape(-1, 2, half, 2, half).mean(axis=(2, 4), dtype=np.float32).reshape(-1, 4)
    )
    brightness = quadrants.mean(axis=1)
    order = np.argsort(brightness, kind="stable")
    ends = np.searchsorted(brightness[order], brightness[order] + MAXIMUM_GREY, side="right")
    pairs: list[tuple[int, int]] = []
    for position, index in enumerate(order):
        others = order[position + 1 : ends[position]]
        others = others[(np.abs(quadrants[others] - quadrants[index]) <= QUADRANT_GREY).all(axis=1)]
        if len(others) == 0:
            continue
        near = _near(bits, thumbnails, int(index), others)
        pairs.extend((int(index), int(other)) for other in others[near])
    return pairs


def _near(
    bits: NDArray[np.uint8], thumbnails: NDArray[np.uint8], index: int, others: NDArray[np.intp]
) -> NDArray[np.bool_]:
    distance = np.bitwise_count(bits[others] ^ bits[index]).sum(axis=1, dtype=np.int32)
    grey = np.abs(thumbnails[others].astype(np.int16) - thumbnails[index].astype(np.int16))
    return np.asarray((distance <= MAXIMUM_BITS) & (grey.mean(axis=(1, 2)) <= MAXIMUM_GREY))
