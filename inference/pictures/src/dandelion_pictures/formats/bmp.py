"""BMP: the library knows all there is to know."""

from __future__ import annotations

import io
from functools import partial

from PIL import Image
from PIL.BmpImagePlugin import BmpImageFile

from dandelion_pictures.cost import Cost, picture_bytes
from dandelion_pictures.formats.source import Source

WORK = 8
# Rows that are packed are unpacked pixel by pixel in Python, into two copies of one byte each.
PACKED = "bmp_rle"
PACKED_WORK = 100
PACKED_BYTES = 2


def look(data: bytes) -> Source:
    """Raises SyntaxError and OSError where the header makes no sense."""
    image = BmpImageFile(io.BytesIO(data))
    pixels = image.width * image.height
    packed = any(tile.codec_name == PACKED for tile in image.tile)
    work = pixels * (PACKED_WORK if packed else WORK)
    held = pixels * (picture_bytes(image.mode) + PACKED_BYTES * packed)
    return Source(
        format="BMP",
        size=image.size,
        mode=image.mode,
        cost=lambda _: Cost(held, work),
        decode=partial(_decode, image),
    )


def _decode(image: BmpImageFile, _scale: int) -> Image.Image:
    image.load()
    return image
