"""All pairs of near-duplicates among many images, without comparing all with all.

Multi-index hashing (Norouzi, Punjani and Fleet, CVPR 2012), with longer keys: the 256 bits of the
hash are dealt into 32 chunks of 8. Two images that differ in at most 24 bits agree in at least 8
whole chunks. The chunks lie in 7 sets, so some set holds two on which they agree. 58 keys, each of
two chunks of one set, therefore meet every near pair. The images of one key are sorted by
brightness, which near images share to within 3 grey levels, and each meets those that follow it
within that range, the closest first.

That is exact up to two bounds, which keep time and memory in proportion to the number of images:

- An image with `neighbours` near-duplicates already no longer meets others that have as many, so
  of a hundred thousand frames of one scene not all pairs are listed. The images stay connected:
  `groups` walks from one to the next.
- A key lists at most `candidates` pairs, of all images those that are next in brightness first.
  What is lost are pairs further apart that meet under no other key.

Up to 2,000 images neither bound can be reached.

`groups` calls this.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import combinations

import numpy as np
from numpy.typing import NDArray

from dandelion_training.data.images.fingerprint import (
    HASH_SIDE,
    MAXIMUM_BITS,
    MAXIMUM_GREY_SUM,
    Looks,
)

Indices = NDArray[np.intp]

LOW = np.uint64(2**32 - 1)

CHUNKS = 32
SETS = CHUNKS - MAXIMUM_BITS - 1  # one less than the chunks that a near pair has in common

# So that grouping a million images takes a minute of one core and 800 MB where they are ordinary
# (neither bound is reached then), and not much more where all of them show one scene.
CANDIDATES_PER_IMAGE = 8
NEIGHBOURS = 8
EXACT_PAIRS = 4_000_000
FEW = 256  # so few are sooner compared all with all
ROWS = 50_000  # that are unpacked at a time, a byte a bit


@dataclass(frozen=True)
class Bounds:
    """How much is looked at before grouping contents itself with a part of the pairs."""

    candidates: int  # pairs a key
    neighbours: int  # near-duplicates an image

    @classmethod
    def of(cls, images: int) -> "Bounds":
        """What is affordable for so many images: all pairs where they are few."""
        return cls(
            candidates=max(EXACT_PAIRS, CANDIDATES_PER_IMAGE * images),
            neighbours=max(NEIGHBOURS, EXACT_PAIRS // max(images, 1)),
        )


@dataclass(frozen=True)
class NearPairs:
    """Pairs (first[i], second[i]) with first[i] < second[i], in ascending order."""

    first: Indices
    second: Indices
    complete: bool


def near_pairs(looks: Looks, bounds: Bounds) -> NearPairs:
    """The near pairs of `looks`; equal input in equal order has an equal answer."""
    images = len(looks)
    if images <= FEW:
        first, second = np.triu_indices(images, 1)
        near = looks.near(first, second)
        return NearPairs(first[near], second[near], complete=True)
    brightness = looks.thumbnails.sum(axis=1, dtype=np.uint64)
    degree = np.zeros(images, np.int64)
    found = np.zeros(0, np.uint64)
    complete = True
    for key in _keys(looks):
        met, whole = _met(looks, key << np.uint64(15) | brightness, degree, bounds)
        complete &= whole
        fresh = met[~_among(met, found)]
        if len(fresh):
            degree += _degrees(fresh, images)
            found = np.sort(np.concatenate([found, fresh]))
    return NearPairs(*_ends(found), complete)


def _keys(looks: Looks) -> Iterator[NDArray[np.uint64]]:
    """For each key, the 16 bits of each image.

    A chunk's bits lie far from one another in the image, because neighbours are alike.
    """
    spread = np.arange(HASH_SIDE * HASH_SIDE) * 101 % (HASH_SIDE * HASH_SIDE)
    chunks = np.empty((CHUNKS, len(looks)), np.uint8)
    for start in range(0, len(looks), ROWS):
        rows = slice(start, start + ROWS)
        bits = np.unpackbits(looks.bits[rows].view(np.uint8), axis=1)
        chunks[:, rows] = np.packbits(bits[:, spread], axis=1).T
    for number in range(SETS):
        for first, second in combinations(range(number, CHUNKS, SETS), 2):
            yield chunks[first].astype(np.uint64) << np.uint64(8) | chunks[second]


def _met(
    looks: Looks, places: NDArray[np.uint64], degree: NDArray[np.int64], bounds: Bounds
) -> tuple[NDArray[np.uint64], bool]:
    """The near pairs of one key, and whether it listed all that it had.

    `places` holds key and brightness. Two keys lie further apart than near images may, so that
    one comparison answers both questions.
    """
    images = len(places)
    line = np.sort(places << np.uint64(32) | np.arange(images, dtype=np.uint64))
    order = (line & LOW).astype(np.intp)
    places = line >> np.uint64(32)
    busy = degree >= bounds.neighbours
    here = np.zeros(images, np.int64)  # near-duplicates met in this key, each of them once
    met = [np.zeros(0, np.uint64)]
    listed, complete = 0, True
    start: Indices = np.arange(images)
    for distance in range(1, images):
        start = start[: np.searchsorted(start, images - distance)]
        start = start[places[start + distance] - places[start] <= MAXIMUM_GREY_SUM]
        listed += len(start)
        if not len(start) or listed > bounds.candidates:
            complete &= not len(start)
            break
        first, second = order[start], order[start + distance]
        both_busy = busy[first] & busy[second]
        if both_busy.any():
            complete = False
            first, second = first[~both_busy], second[~both_busy]
        near = looks.near(first, second)
        first, second = first[near], second[near]
        met.append(_pairs(first, second))
        for ends in (first, second):  # in one of them, an image stands once at most
            here[ends] += 1
            busy[ends] |= here[ends] >= bounds.neighbours
    return np.concatenate(met), complete


def _pairs(first: Indices, second: Indices) -> NDArray[np.uint64]:
    """Each pair as one number, which orders like the pair."""
    low = np.minimum(first, second).astype(np.uint64)
    return low << np.uint64(32) | np.maximum(first, second).astype(np.uint64)


def _ends(pairs: NDArray[np.uint64]) -> tuple[Indices, Indices]:
    return (pairs >> np.uint64(32)).astype(np.intp), (pairs & LOW).astype(np.intp)


def _degrees(pairs: NDArray[np.uint64], images: int) -> NDArray[np.int64]:
    """For each image, in how many of the pairs it is."""
    first, second = _ends(pairs)
    return np.bincount(first, minlength=images) + np.bincount(second, minlength=images)


def _among(pairs: NDArray[np.uint64], known: NDArray[np.uint64]) -> NDArray[np.bool_]:
    """Which of the pairs are among those known, which are sorted."""
    if not len(known):
        return np.zeros(len(pairs), np.bool_)
    place = np.minimum(np.searchsorted(known, pairs), len(known) - 1)
    return np.asarray(known[place] == pairs)
