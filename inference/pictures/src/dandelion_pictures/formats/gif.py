"""GIF: the decoder is given the first picture, without the texts and programs that may come before.

They come in blocks of at most 255 bytes, of which a file can hold millions; the canvas that a
second picture would need is not made either.
"""

from __future__ import annotations

import io
from functools import partial

from PIL import Image
from PIL.GifImagePlugin import GifImageFile

from dandelion_pictures.cost import Cost
from dandelion_pictures.errors import Kind, Unreadable
from dandelion_pictures.formats.source import Source

# GIF89a, 18 to 23
HEADER, PALETTE, PALETTE_SIZE = 13, 0x80, 0x07
EXTENSION, PICTURE, GRAPHIC_CONTROL = 0x21, 0x2C, 0xF9
TRANSPARENT = 0x01
MAX_BLOCKS = 200_000

WORK = 5
BYTE_WORK = 10


def look(data: bytes) -> Source:
    """The canvas grows to the first picture where that is larger. Raises Unreadable."""
    stream = _first_picture(data)
    image = GifImageFile(io.BytesIO(stream))
    pixels = image.width * image.height
    cost = Cost(len(stream) + 2 * pixels, WORK * pixels + BYTE_WORK * len(stream))
    return Source(
        format="GIF",
        size=image.size,
        mode=image.mode,
        transparent="transparency" in image.info,
        held=len(stream),
        cost=lambda _: cost,
        decode=partial(_decode, image),
    )


def _first_picture(data: bytes) -> bytes:
    flags = data[10] if len(data) >= HEADER else 0
    start = HEADER + (6 << (flags & PALETTE_SIZE) if flags & PALETTE else 0)
    at, control = start, b""
    left = MAX_BLOCKS
    while at + 1 < len(data) and data[at] != PICTURE:
        left -= 1
        if data[at] != EXTENSION:
            at += 1
            continue
        found = data[at + 3 : at + 7]
        if data[at + 1] == GRAPHIC_CONTROL and len(found) == 4 and found[0] & TRANSPARENT:
            # How the picture is taken away for the next one is of no interest.
            control = b"\x21\xf9\x04\x01\0\0" + found[3:] + b"\0"
        at += 2
        while at < len(data) and data[at] and left > 0:
            at += 1 + data[at]
            left -= 1
        at += 1  # the empty block that ends them
        if left <= 0:
            raise Unreadable(
                Kind.BROKEN,
                f"The GIF has more than {MAX_BLOCKS} blocks before its picture. Save it anew.",
            )
    return b"".join([data[:start], control, memoryview(data)[at:]])


def _decode(image: GifImageFile, _scale: int) -> Image.Image:
    image.load()
    return image
