"""Which units of a class are held out, so that the share comes near the target.

A unit is what must not be parted: an image, or near-duplicates. `split` calls `drawn` for each
class with the units that are free to go either way, in an order that is chance and yet fixed.
"""

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray

TOLERANCE = 0.02  # of the class's images: how far from the asked share is worth a search or a word


def drawn(sizes: Sequence[int], held_out: int, learning: int, fraction: float) -> list[bool]:
    """For each unit whether it is held out. `held_out` and `learning` are the numbers of images of
    the class that are settled already.

    A unit is taken while that brings the share nearer to `fraction`. Where large units in an
    unlucky order leave a gap, another choice of them that closes it is looked for. Each side gets a
    unit if there is one for it; the smallest will do. A single image is for learning.
    """
    images = held_out + learning + sum(sizes)
    target = fraction * images
    taken = _in_order(sizes, target - held_out)
    if abs(held_out + _sum(sizes, taken) - target) > TOLERANCE * images:
        taken = _fitting(sizes, target - held_out, taken)
    smallest = min(range(len(sizes)), key=sizes.__getitem__, default=None)
    if smallest is not None:
        if held_out == 0 and not any(taken) and (learning or len(sizes) > 1):
            taken[smallest] = True
        elif learning == 0 and all(taken):
            taken[smallest] = False
    return taken


def _in_order(sizes: Sequence[int], wanted: float) -> list[bool]:
    taken = []
    for size in sizes:
        nearer = abs(wanted - size) < abs(wanted)
        taken.append(nearer)
        wanted -= size * nearer
    return taken


def _fitting(sizes: Sequence[int], wanted: float, fallback: list[bool]) -> list[bool]:
    """The choice whose sum is nearest to `wanted` (subset sum, by the sums that can be reached).

    Large units come first, since small ones can then fill what is left of any sum; equal ones in
    their order. Sums beyond twice what is wanted are worse than no unit at all.
    """
    limit = int(2 * wanted)
    if limit < 1:
        return fallback
    by_size = sorted(range(len(sizes)), key=lambda unit: -sizes[unit])
    last = np.full(limit + 1, -1, np.int64)  # the unit that a sum was first reached with
    reached = np.zeros(limit + 1, np.bool_)
    reached[0] = True
    for unit in by_size:
        size = sizes[unit]
        if size > limit:
            continue
        new = ~reached[size:] & reached[:-size]
        last[size:][new] = unit
        reached[size:] |= new
        if reached[round(wanted)]:
            break
    total = _nearest(np.flatnonzero(reached), wanted)
    if abs(total - wanted) >= abs(_sum(sizes, fallback) - wanted):
        return fallback
    taken = [False] * len(sizes)
    while total:
        taken[last[total]] = True
        total -= sizes[last[total]]
    return taken


def _nearest(sums: NDArray[np.intp], wanted: float) -> int:
    return int(sums[np.argmin(np.abs(sums - wanted))])


def _sum(sizes: Sequence[int], taken: Sequence[bool]) -> int:
    return sum(size for size, is_taken in zip(sizes, taken, strict=True) if is_taken)
