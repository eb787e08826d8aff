"""GIF and BMP: the library knows all there is to know."""

from __future__ import annotations

import io
from functools import partial

from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile
from PIL.GifImagePlugin import GifImageFile
from PIL.ImageFile import ImageFile

from dandelion_pictures.cost import BYTES_A_PIXEL, Cost
from dandelion_pictures.formats.source import Source


def look_at_gif(data: bytes) -> Source:
    """The canvas grows to the first frame where that is larger."""
    return _source("GIF", GifImageFile(io.BytesIO(data)))


def look_at_bmp(data: bytes) -> Source:
    return _source("BMP", BmpImageFile(io.BytesIO(data)))


def _source(name: str, image: ImageFile) -> Source:
    pixels = image.width * image.height
    return Source(
        format=name,
        size=image.size,
        cost=lambda _: Cost(pixels * BYTES_A_PIXEL, pixels),
        decode=partial(_decode, image),
    )


def _decode(image: ImageFile, _scale: int) -> Image.Image:
    image.load()
    return image
