"""What looking into a file finds out, before a pixel is decoded. One module a format makes it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from dandelion_pictures.cost import Cost
from dandelion_pictures.preprocessing import Size


@dataclass(frozen=True)
class Source:
    """A file whose header is good."""

    format: str
    """What people call it: "JPEG", "HEIC"."""
    size: Size
    """As it is stored, before it is turned upright."""
    cost: Callable[[int], Cost]
    """What decoding takes at one of the `scales`, with the picture that it gives."""
    decode: Callable[[int], Image.Image]
    """The loaded first frame at one of the `scales`, in any mode, not yet turned upright."""
    mode: str
    """The picture's, in Pillow's words."""
    transparent: bool = False
    """Whether it may be transparent though its mode has no alpha."""
    held: int = 0
    """Bytes that stay beside the picture for as long as it is there: copies of the file, what the
    decoder keeps."""
    scales: tuple[int, ...] = (1,)
    """By how much the decoder can divide both sides, the most first."""
    orientation: int = 1
    """How it is turned upright, as EXIF numbers that (tag 0x0112)."""
    profile: bytes | None = None
    """The ICC profile of its colours; without one they are sRGB."""
    significant_bits: int | None = None
    """How many bits of a 16-bit value the file says that it uses."""
    white_is_zero: bool = False
    """Whether its 16-bit grey values count darkness."""

    lower_bytes: Callable[[], Image.Image] | None = None
    """The lower bytes of 16-bit colours, where `decode` gives the upper ones; decoded when asked.
    A colour in its `info` that is transparent has all 16 bits."""

    @property
    def pixels(self) -> int:
        return self.size[0] * self.size[1]
