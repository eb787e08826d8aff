"""What one file is: usable or not, what it looks like, and the pixels that training varies.

The pictures come from the package that serving uses as well, so a figure measured on the holdout
here holds there. `pixels` keeps what `inspect` finds.
"""

import hashlib
from dataclasses import dataclass

import numpy as np
from dandelion_pictures import VERSION, Limits, Preprocessing, Reader
from dandelion_pictures.preprocessing import crop_origin
from numpy.typing import NDArray
from PIL import Image

from dandelion_training.data.images.fingerprint import (
    MINIMUM_DECODED_SIDE,
    Fingerprint,
    fingerprint,
)

Pixels = NDArray[np.uint8]

MINIMUM_SIDE = 16
# What reading one image may take. `GENERATION` names these too: whoever changes them raises it.
LIMITS = Limits(max_memory=1_000_000_000, max_work=20_000_000_000)
MAXIMUM_ASPECT = 20  # a longer strip would become a huge picture by the resize of its short side

SCALE = 1 / 255
# ImageNet's channel statistics, for every network: weights can then be handed from any run to any
# other.
MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)

# What the findings about a file follow from: the reader of pictures, the fingerprint, the limits.
GENERATION = f"pictures-{VERSION}/fingerprint-1/limits-2"

_READER = Reader(LIMITS)
_LOOK = Preprocessing(MINIMUM_DECODED_SIDE, MINIMUM_DECODED_SIDE, SCALE, MEAN, STD)


class Unusable(Exception):  # noqa: N818 - a finding about a file, listed in the run
    """Why a file cannot be learnt from."""


@dataclass(frozen=True)
class Geometry:
    """How an image is brought to the network's input."""

    resize_short_side: int
    crop: int

    @property
    def preprocessing(self) -> Preprocessing:
        return Preprocessing(self.resize_short_side, self.crop, SCALE, MEAN, STD)


@dataclass(frozen=True)
class Window:
    """The middle of a resized image, with room round the serving crop for random crops."""

    pixels: Pixels
    left: int  # where the serving crop begins in `pixels`
    top: int


@dataclass(frozen=True)
class Identified:
    """A usable image file, without its pixels."""

    sha256: str
    fingerprint: Fingerprint
    width: int  # pixels, upright
    height: int


@dataclass(frozen=True)
class Inspected(Identified):
    """A usable image file."""

    window: Window


def inspect(content: bytes, geometry: Geometry) -> Inspected:
    """The file's identity, its looks and its pixels; raises as `identify` does."""
    found = identify(content)
    return Inspected(
        sha256=found.sha256,
        fingerprint=found.fingerprint,
        width=found.width,
        height=found.height,
        window=window_of(content, geometry),
    )


def identify(content: bytes) -> Identified:
    """The file's identity and its looks.

    Raises Unusable, or Unreadable of the pictures package, with what is wrong in words.
    """
    # A look of its own, of one size whatever the network takes: near-duplicates of a dataset must
    # not depend on the image size of one run.
    look = _READER.open(content, _LOOK)
    width, height = look.size
    _check(width, height)
    return Identified(
        sha256=hashlib.sha256(content).hexdigest(),
        fingerprint=fingerprint(look.resized()),
        width=width,
        height=height,
    )


def check(content: bytes) -> None:
    """Decode a file that is to be kept; raises as `inspect` does."""
    look = _READER.open(content, _LOOK)
    _check(*look.size)
    look.resized()


def window_of(content: bytes, geometry: Geometry) -> Window:
    """The pixels of a file; raises Unreadable."""
    return window(_READER.open(content, geometry.preprocessing).resized(), geometry)


def window(resized: Image.Image, geometry: Geometry) -> Window:
    """A resized image, cut to at most half a short side round the serving crop."""
    width, height = resized.size
    left, top = crop_origin(resized.size, geometry.crop)
    margin = geometry.resize_short_side // 2
    start = max(0, left - margin), max(0, top - margin)
    end = min(width, left + geometry.crop + margin), min(height, top + geometry.crop + margin)
    return Window(np.asarray(resized.crop((*start, *end))), left - start[0], top - start[1])


def serving_crop(shown: Window, geometry: Geometry) -> Pixels:
    """Exactly the pixels that inference would see of this image."""
    return shown.pixels[
        shown.top : shown.top + geometry.crop, shown.left : shown.left + geometry.crop
    ]


def _check(width: int, height: int) -> None:
    if min(width, height) < MINIMUM_SIDE:
        raise Unusable(f"{width}×{height} is smaller than {MINIMUM_SIDE} pixels a side")
    if max(width, height) > MAXIMUM_ASPECT * min(width, height):
        raise Unusable(f"{width}×{height} is a strip, more than {MAXIMUM_ASPECT} to 1")
