"""TIFF: the decoder is given a directory of the tags that say what the pixels are.

The others (metadata, further pictures) stay unread, and orientation and profile are read here.
"""

from __future__ import annotations

import io
from functools import partial
from math import ceil

from PIL import Image
from PIL.TiffImagePlugin import TiffImageFile

from dandelion_pictures.colour.primaries import ADOBE_RGB
from dandelion_pictures.cost import BYTES_A_PIXEL, MAX_PROFILE_BYTES, Cost
from dandelion_pictures.errors import Kind, Unreadable
from dandelion_pictures.formats import tags
from dandelion_pictures.formats.deep_colour import both_passes, is_deep, lower_bytes
from dandelion_pictures.formats.source import Source
from dandelion_pictures.formats.tags import Directory

WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC = 256, 257, 258, 259, 262
SAMPLES, ROWS_PER_STRIP, LARGEST_VALUE, TILE_WIDTH, TILE_LENGTH = 277, 278, 281, 322, 323
PROFILE = 34675
# Besides those: order of bits and planes, where strips and tiles lie, predictors, fax options,
# palette, inks, extra samples, kind of number, JPEG tables, YCbCr.
NEEDED = frozenset({
    WIDTH, LENGTH, BITS, COMPRESSION, PHOTOMETRIC, ROWS_PER_STRIP, TILE_WIDTH, TILE_LENGTH,
    SAMPLES, 266, 273, 279, 284, 292, 293, 317, 320, 324, 325, 332, 334, 338, 339, 347,
    *range(512, 522), *range(529, 533),
})  # fmt: skip
WHITE_IS_ZERO = 0
JPEG_COMPRESSIONS = frozenset({6, 7})
SCAN = b"\xff\xda"
HELD_BYTES = 6


def look(data: bytes) -> Source:
    """Raises Unreadable."""
    found = tags.first_directory(data)
    if found is None or not found.entries:
        raise Unreadable(Kind.TRUNCATED, "The TIFF ends before its directory. Send the whole file.")
    stream = _pixels_only(data, found)
    image = TiffImageFile(io.BytesIO(stream))
    deep = is_deep(image)
    cost = _cost(data, found, image.size)
    if deep:
        cost = both_passes(cost, image.size, stream)
    profile = found.content(PROFILE, MAX_PROFILE_BYTES)
    if profile is None and tags.is_adobe_rgb(found):
        profile = ADOBE_RGB
    return Source(
        format="TIFF",
        size=image.size,
        cost=lambda _: cost,
        decode=partial(_decode, image),
        orientation=tags.orientation(found),
        profile=profile,
        significant_bits=_significant_bits(found),
        white_is_zero=found.number(PHOTOMETRIC) == WHITE_IS_ZERO,
        lower_bytes=(lambda: lower_bytes(TiffImageFile(io.BytesIO(stream)))) if deep else None,
    )


def _pixels_only(data: bytes, found: Directory) -> bytes:
    """The file with another directory behind it, which its header names as the first and last."""
    layout = found.layout
    entries = [entry.stored for tag, entry in sorted(found.entries.items()) if tag in NEEDED]
    place = len(data) + len(data) % 2
    header = data[: layout.first] + layout.offset.pack(place)
    return b"".join([
        header,
        data[len(header) :],
        bytes(place - len(data)),
        layout.count.pack(len(entries)),
        *entries,
        layout.offset.pack(0),
    ])  # fmt: skip


def _cost(data: bytes, found: Directory, size: tuple[int, int]) -> Cost:
    """What the decoder goes over and holds: whole tiles, and each scan of a JPEG inside."""
    width, height = size
    across, down = found.number(TILE_WIDTH), found.number(TILE_LENGTH)
    if across and down:
        piece = across * down
        pixels = ceil(width / across) * ceil(height / down) * piece
    else:
        piece = width * min(height, found.number(ROWS_PER_STRIP) or height)
        pixels = width * height
    work = pixels
    if found.number(COMPRESSION) in JPEG_COMPRESSIONS:
        work += data.count(SCAN) * piece
    sample_bits = (found.number(BITS) or 1) * (found.number(SAMPLES) or 1)
    # Besides the picture, a strip or tile as it is stored: of 64 bits a pixel in some.
    memory = pixels * HELD_BYTES + piece * ceil(sample_bits / 8)
    return Cost(max(pixels * BYTES_A_PIXEL, memory), work)


def _significant_bits(found: Directory) -> int | None:
    """The largest value that the file says it holds, or samples of fewer bits than 16."""
    largest = found.number(LARGEST_VALUE)
    if largest:
        return largest.bit_length()
    bits = found.number(BITS)
    return bits if bits and bits < 16 else None


def _decode(image: TiffImageFile, _scale: int) -> Image.Image:
    image.load()
    return image
