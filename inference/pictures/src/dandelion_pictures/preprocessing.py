"""From an upright RGB picture to the network's input: resize, crop, normalise.

The words of the contract (`preprocessing` in contract.json) are the fields here. `reader` decodes
towards them; training takes its windows out of the same resized picture.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

Channels = tuple[float, float, float]
Size = tuple[int, int]  # width and height


@dataclass(frozen=True)
class Preprocessing:
    """How a picture becomes a tensor. Bilinear interpolation, averaging where it makes smaller.

    ``value = (pixel * scale - mean) / std`` for each channel, pixels from 0 to 255. Raises
    ValueError where the fields make no sense together.
    """

    resize_short_side: int
    center_crop: int
    scale: float
    mean: Channels
    std: Channels

    def __post_init__(self) -> None:
        if not 1 <= self.center_crop <= self.resize_short_side:
            raise ValueError("the crop must be at least 1 pixel and fit the resized short side")
        if self.scale <= 0 or not all(value > 0 for value in self.std):
            raise ValueError("scale and std must be positive")


def resized_size(size: Size, short_side: int) -> Size:
    """The size after the resize of the short side; the long side is rounded down."""
    width, height = size
    if width <= height:
        return short_side, short_side * height // width
    return short_side * width // height, short_side


def crop_origin(size: Size, crop: int) -> tuple[int, int]:
    """The left and upper edge of the central crop of a resized picture of this size."""
    width, height = size
    return (width - crop) // 2, (height - crop) // 2


def to_tensor(resized: Image.Image, preprocessing: Preprocessing) -> NDArray[np.float32]:
    """NCHW float32 of the central crop of a resized RGB picture."""
    crop = preprocessing.center_crop
    left, top = crop_origin(resized.size, crop)
    shown = resized.crop((left, top, left + crop, top + crop))
    return normalised(np.asarray(shown, np.uint8)[np.newaxis], preprocessing)


def normalised(pixels: NDArray[np.uint8], preprocessing: Preprocessing) -> NDArray[np.float32]:
    """NHWC pixels as NCHW float32."""
    planes: NDArray[np.float32] = np.multiply(
        pixels.transpose(0, 3, 1, 2), np.float32(preprocessing.scale), order="C"
    )
    # Plane by plane and in place: no copies of the whole, no steps over interleaved colours.
    for channel, (mean, std) in enumerate(zip(preprocessing.mean, preprocessing.std, strict=True)):
        planes[:, channel] -= np.float32(mean)
        planes[:, channel] /= np.float32(std)
    return planes
