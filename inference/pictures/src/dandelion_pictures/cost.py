"""What reading a picture takes, and whether that is too much.

A file's header claims a size; what a decoder holds and goes over follows from the content: from the
scale that a JPEG is decoded at, from how many scans its pixels come in, from the frames inside an
AVIF. `formats` count that before a pixel is decoded, `memory` adds what the reader's own steps
take, `reader` compares the whole with its caller's limits.
"""

from __future__ import annotations

from dataclasses import dataclass

from dandelion_pictures.errors import Kind, Unreadable
from dandelion_pictures.preprocessing import Size

MIB = 1024 * 1024

# Within these, a photo of 50 megapixels is read in every format that phones and cameras write, and
# a JPEG of 200. Decoding takes up to some four seconds of a processor then.
MAX_MEMORY = 512 * MIB
MAX_WORK = 4_000_000_000

# Profiles of printing presses have up to 3 MB; more is not unpacked, and read as none.
MAX_PROFILE_BYTES = 4 * MIB

# What one pixel takes in a decoder, in the units of `Cost.work`; `make bench ONLY=decoding`
# measures them. A byte of the file is gone over once as well, which is what photos that are hardly
# compressed spend their time on.
SCAN_WORK = 1
"""One pass over a pixel's coefficients, most of which say nothing."""
TRANSPARENCY_WORK = 15
DEEP_GREY_WORK = 10


# Of a pixel, as Pillow holds it, by its mode; four where there are several channels.
NARROW_BYTES = {"1": 1, "L": 1, "P": 1, "I;16": 2, "I;16B": 2, "I;16L": 2, "I;16N": 2}
WIDE_BYTES = 4


def picture_bytes(mode: str) -> int:
    """Of a pixel, as Pillow holds it."""
    return NARROW_BYTES.get(mode, WIDE_BYTES)


@dataclass(frozen=True)
class Cost:
    """What decoding takes."""

    memory: int
    """Bytes held at the peak, besides the file itself."""
    work: int
    """In nanoseconds of one processor of 2024, roughly: what counts is that a limit on it holds
    whatever the format is."""
    passes: str = ""
    """What the work follows from, where it is not the size alone ("3000 scans"), for the words of
    a refusal."""


@dataclass(frozen=True)
class Limits:
    """The most that a caller wants to spend on one picture."""

    max_memory: int = MAX_MEMORY
    """Bytes at the peak of decoding."""
    max_work: int = MAX_WORK
    """In the units of `Cost.work`."""

    def hold(self, cost: Cost) -> bool:
        """Whether the picture may cost that."""
        return cost.memory <= self.max_memory and cost.work <= self.max_work

    def check(self, size: Size, resized: Size, cost: Cost, family: str) -> None:
        """Raises Unreadable where a picture of `size` costs too much.

        `family` is what the file is called in the words ("WebP", "progressive JPEG").
        """
        if self.hold(cost):
            return
        width, height = size
        pixels = width * height
        if cost.work > self.max_work:
            come = f"{pixels} pixels come in {cost.passes}" if cost.passes else f"{pixels} pixels"
            seconds, most = cost.work / 1e9, self.max_work / 1e9
            raise Unreadable(
                Kind.TOO_LARGE,
                f"The image takes too long to decode: its {come}, some {seconds:.3g} s of work; at "
                f"most {most:.3g} s are spent. Scale it down, or save it anew from a viewer.",
            )
        taken, most_memory = _megabytes(cost.memory), _megabytes(self.max_memory)
        if resized[0] * resized[1] > pixels and resized[0] * resized[1] * 4 > cost.memory // 4:
            raise Unreadable(
                Kind.TOO_LARGE,
                f"The image is too large: it is {width} x {height}, so narrow that resizing its "
                f"short side makes it {resized[0]} x {resized[1]}, which takes {taken} MB; at "
                f"most {most_memory} MB are spent. Cut it.",
            )
        accepted = self.max_memory * pixels // cost.memory
        raise Unreadable(
            Kind.TOO_LARGE,
            f"The image is too large: it has {pixels} pixels ({width} x {height}), and decoding "
            f"them takes {taken} MB; at most {most_memory} MB are spent, which is enough for some "
            f"{accepted} pixels of such a {family}. Scale it down.",
        )


def _megabytes(amount: int) -> int:
    return -(-amount // 1_000_000)
