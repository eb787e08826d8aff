"""From a file's bytes to pixels: decoding, the check of one image, and the geometry of the serving
preprocessing.

The same steps, in the same order and with the same library, are what inference does with an upload;
that is why a figure measured on the holdout here holds there. `ingest` calls `inspect` once for
each file.
"""

import hashlib
import io
import struct
import warnings
import zlib
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps

from dandelion_training.data.images.fingerprint import Fingerprint, fingerprint

Pixels = NDArray[np.uint8]

FORMATS = ("JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF")
# Pillow remarks on oddities that it decodes all the same; a large dataset would flood the log.
warnings.filterwarnings("ignore", module=r"PIL\..*")

WHITE = (255, 255, 255, 255)
MINIMUM_SIDE = 16
MAXIMUM_PIXELS = 80_000_000  # below the size at which Pillow itself warns of a decompression bomb
MAXIMUM_ASPECT = (
    20  # a longer strip would be blown up to a huge picture by the resize of its short side
)
MAXIMUM_BYTES = 128 * 1024 * 1024

# What Pillow's decoders raise on damaged files; the list is theirs, not ours.
DECODE_ERRORS = (
    OSError,
    ValueError,
    SyntaxError,
    EOFError,
    IndexError,
    KeyError,
    OverflowError,
    struct.error,
    zlib.error,
    Image.DecompressionBombError,
)


class Unusable(Exception):  # noqa: N818 - a finding about a file, listed in the run
    """Why a file cannot be learnt from."""


@dataclass(frozen=True)
class Geometry:
    """How an image is brought to the network's input."""

    resize_short_side: int
    crop: int

    def resized(self, width: int, height: int) -> tuple[int, int]:
        """The size after the resize of the short side; the long side is rounded down."""
        short = self.resize_short_side
        if width <= height:
            return short, max(short, short * height // width)
        return max(short, short * width // height), short

    def crop_origin(self, width: int, height: int) -> tuple[int, int]:
        """The left and upper edge of the central crop of a resized image."""
        return (width - self.crop) // 2, (height - self.crop) // 2


def decode(content: bytes) -> Image.Image:
    """The picture as a person sees it: first frame, upright, RGB."""
    with Image.open(io.BytesIO(content), formats=FORMATS) as image:
        width, height = image.size
        if width * height > MAXIMUM_PIXELS:
            raise Unusable(
                f"{width}×{height} is more than {MAXIMUM_PIXELS // 1_000_000} megapixels"
            )
        if min(width, height) < MINIMUM_SIDE:
            raise Unusable(f"{width}×{height} is smaller than {MINIMUM_SIDE} pixels a side")
        if max(width, height) > MAXIMUM_ASPECT * min(width, height):
            raise Unusable(f"{width}×{height} is a strip, more than {MAXIMUM_ASPECT} to 1")
        return to_rgb(ImageOps.exif_transpose(image))


def to_rgb(image: Image.Image) -> Image.Image:
    """What a viewer would show: transparency over white, 16-bit grey scaled down instead of
    clipped.
    """
    if image.mode == "F":
        raise Unusable("floating-point pixels have no agreed brightness; save it with 8 bits")
    if image.mode == "I" or image.mode.startswith("I;16"):
        values = np.clip(np.asarray(image), 0, 65535).astype(np.uint16)
        return Image.fromarray((values >> 8).astype(np.uint8)).convert("RGB")
    if image.has_transparency_data:
        layer = image.convert("RGBA")
        return Image.alpha_composite(Image.new("RGBA", layer.size, WHITE), layer).convert("RGB")
    return image.convert("RGB")


@dataclass(frozen=True)
class Window:
    """The middle of a resized image, with room round the serving crop for random crops."""

    pixels: Pixels
    left: int  # where the serving crop begins in `pixels`
    top: int


@dataclass(frozen=True)
class Inspected:
    """A usable image file."""

    sha256: str
    fingerprint: Fingerprint
    window: Window


def inspect(content: bytes, geometry: Geometry) -> Inspected:
    """The file's identity, its fingerprint and its pixels, or `Unusable`."""
    if not content:
        raise Unusable("the file is empty")
    try:
        image = decode(content)
    except DECODE_ERRORS as error:
        raise Unusable(f"not a readable image: {_short(error)}") from error
    return Inspected(
        sha256=hashlib.sha256(content).hexdigest(),
        fingerprint=fingerprint(image),
        window=window(image, geometry),
    )


def window(image: Image.Image, geometry: Geometry) -> Window:
    """The resized image, cut to at most half a short side round the serving crop."""
    width, height = geometry.resized(*image.size)
    resized = image.resize((width, height), Image.Resampling.BILINEAR)
    left, top = geometry.crop_origin(width, height)
    margin = geometry.resize_short_side // 2
    start = max(0, left - margin), max(0, top - margin)
    end = min(width, left + geometry.crop + margin), min(height, top + geometry.crop + margin)
    return Window(np.asarray(resized.crop((*start, *end))), left - start[0], top - start[1])


def serving_crop(shown: Window, geometry: Geometry) -> Pixels:
    """Exactly the pixels that inference would see of this image."""
    return shown.pixels[
        shown.top : shown.top + geometry.crop, shown.left : shown.left + geometry.crop
    ]


def _short(error: Exception) -> str:
    text = " ".join(str(error).split())
    if "cannot identify image file" in text:
        return "no format that is accepted (" + ", ".join(FORMATS) + ")"
    return text[:200] or type(error).__name__
