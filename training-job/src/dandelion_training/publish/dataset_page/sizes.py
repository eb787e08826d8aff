"""How large the images of a dataset are, for its page."""

from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass


@dataclass(frozen=True)
class Sizes:
    """`bins` are ranges of pixels and how many images lie in them, the smallest first; at least
    one.
    """

    facts: Sequence[tuple[str, str]]
    bins: Sequence[tuple[str, int]]


def sizes(images: Iterable[tuple[int, int]], crop: int) -> Sizes | None:
    """Of widths and heights in pixels. `crop` is the side of what the network takes."""
    ranked = sorted(images, key=lambda size: (min(size), max(size), size))
    if not ranked:
        return None
    sides = [min(size) for size in ranked]
    small = sum(side < crop for side in sides)
    facts = (
        ("Smallest", _size(ranked[0])),
        ("Median", _size(ranked[len(ranked) // 2])),
        ("Largest", _size(ranked[-1])),
        (f"Smaller than the network's {crop} pixels", f"{small:,}"),
    )
    counts = Counter(map(_bin, sides))
    bins = [
        (f"{_start(number):,} – {_start(number + 1) - 1:,}", counts[number])
        for number in range(min(counts), max(counts) + 1)
    ]
    return Sizes(facts, bins)


def _bin(side: int) -> int:
    """Two bins for each doubling: sizes of photos span three powers of ten."""
    doublings = side.bit_length()
    return 2 * doublings + (4 * side >> doublings & 1)


def _start(number: int) -> int:
    """The first side of a bin."""
    return (2 + number % 2) * (1 << number // 2) // 4


def _size(size: tuple[int, int]) -> str:
    return f"{size[0]:,} × {size[1]:,}"
