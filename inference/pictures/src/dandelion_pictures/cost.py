"""What reading a picture takes, and whether that is too much.

A file's header claims a size; what a decoder holds and goes over follows from the content: from the
scale that a JPEG is decoded at, from how many scans its pixels come in, from the frames inside an
AVIF. `formats` count that before a pixel is decoded, `reader` compares it with its caller's limits.
"""

from __future__ import annotations

from dataclasses import dataclass

from dandelion_pictures.errors import Kind, Unreadable
from dandelion_pictures.preprocessing import Size

# Measured at 49 megapixels: 4 to 10 bytes a pixel at the peak of decoding.
BYTES_A_PIXEL = 10

# From here on, decoding takes so much memory and time that pictures should take turns.
LARGE_BYTES = 4_000_000 * BYTES_A_PIXEL

# Each scan of a JPEG, each frame of an AVIF is a pass over all of its pixels, however few bytes it
# has: a file of some kilobytes could keep a processor busy for an hour. Encoders write ten. In
# units of the most pixels that are accepted.
MAX_PASSES = 12

# Profiles of printing presses have up to 3 MB; more is not unpacked, and read as none.
MAX_PROFILE_BYTES = 4 * 1024 * 1024


@dataclass(frozen=True)
class Cost:
    """What decoding takes."""

    memory: int
    """Bytes held at the peak."""
    work: int
    """Pixels that the decoder goes over, each pass counted."""
    passes: str = "scans"
    """What it goes over them in, for the words of a refusal."""

    @property
    def large(self) -> bool:
        """Whether it should wait for others like it."""
        return self.memory > LARGE_BYTES


@dataclass(frozen=True)
class Limits:
    """The most that a caller wants to spend on one picture."""

    max_pixels: int
    """Pixels decoded; what takes more memory a pixel than most may have fewer."""
    max_passes: int = MAX_PASSES

    def check(self, size: Size, resized: Size, cost: Cost, family: str) -> None:
        """Raises Unreadable where a picture of `size` costs too much.

        `family` is what the file is called in the words ("WebP", "progressive JPEG").
        """
        width, height = size
        pixels = width * height
        if cost.memory > self.max_pixels * BYTES_A_PIXEL:
            accepted = self.max_pixels * BYTES_A_PIXEL * pixels // cost.memory
            raise Unreadable(
                Kind.TOO_LARGE,
                f"The image is too large: it has {pixels} pixels ({width} x {height}); "
                f"at most {accepted} pixels of such a {family} are accepted. Scale it down.",
            )
        if resized[0] * resized[1] > self.max_pixels:
            raise Unreadable(
                Kind.TOO_LARGE,
                f"The image is too large: it is {width} x {height}, so narrow that resizing its "
                f"short side makes it {resized[0]} x {resized[1]}; at most {self.max_pixels} "
                f"pixels are accepted. Cut it.",
            )
        if cost.work > self.max_passes * self.max_pixels:
            times = cost.work // pixels
            raise Unreadable(
                Kind.TOO_LARGE,
                f"The image takes too long to decode: its {pixels} pixels come in {times} "
                f"{cost.passes}. Save it anew from a viewer.",
            )
