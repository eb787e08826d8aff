"""Small files that would take very much, for each container that is read, by name.

`harmless` are read at the cost of the picture that they show, `counted` at what they say that they
cost. `costly` are refused by what they would take, and `broken` because two readers would read
different things in them.
"""

from __future__ import annotations

from collections.abc import Iterator

from bombs import heif, jpeg, profiles, simple, tiff, webp

MAKERS = (
    jpeg.jpegs,
    simple.pngs,
    simple.gifs,
    simple.bmps,
    tiff.tiffs,
    webp.webps,
    heif.heifs,
    profiles.profiled,
)


def every() -> dict[str, tuple[str, bytes]]:
    """What becomes of each ("harmless", "counted", "costly" or "broken") and its bytes."""
    return {name: (what, data) for maker in MAKERS for what, name, data in maker()}


def small() -> Iterator[tuple[str, bytes]]:
    """Those that a fuzzer can begin with."""
    for name, (_, data) in every().items():
        if len(data) < 65_536:
            yield name, data
