"""WebP: the canvas is read here, because the decoder takes its memory when it is made."""

from __future__ import annotations

import io
from collections.abc import Iterator
from functools import partial

from PIL import Image
from PIL.WebPImagePlugin import WebPImageFile

from dandelion_pictures.cost import MAX_PROFILE_BYTES, Cost
from dandelion_pictures.errors import Kind, Unreadable
from dandelion_pictures.formats import tags
from dandelion_pictures.formats.source import Source
from dandelion_pictures.preprocessing import Size

# Its decoder keeps a canvas and the one before it, its answer is a copy, and Pillow makes another.
CANVAS_BYTES = 8
BYTES_A_PIXEL = 16
BYTES_A_ROW = 256  # per pixel of its width
WORK = 25
BYTE_WORK = 10
ALPHA = 0x10  # in the flags of the extended form
EXIF_LIMIT = 65_536
READ = frozenset({b"EXIF", b"ICCP"})
MAX_CHUNKS = 10_000


def look(data: bytes) -> Source:
    """Raises Unreadable."""
    size = _canvas(data)
    exif, profile = b"", None
    for kind, content in _chunks(data):
        if kind == b"EXIF" and len(content) <= EXIF_LIMIT:
            exif = content
        elif kind == b"ICCP" and len(content) <= MAX_PROFILE_BYTES:
            profile = content
    pixels = size[0] * size[1]
    cost = Cost(
        pixels * BYTES_A_PIXEL + size[0] * BYTES_A_ROW + len(data),
        pixels * WORK + len(data) * BYTE_WORK,
    )
    return Source(
        format="WebP",
        size=size,
        mode="RGBA" if _has_alpha(data) else "RGB",
        held=pixels * CANVAS_BYTES + len(data),
        cost=lambda _: cost,
        decode=partial(_decode, data),
        orientation=tags.orientation(tags.exif_directory(exif)),
        profile=profile,
    )


def _canvas(data: bytes) -> Size:
    """From the first chunk, which has one of three forms (RFC 9649, 2.5 to 2.7)."""
    kind = data[12:16]
    if kind == b"VP8X" and len(data) >= 30:
        width, height = (int.from_bytes(data[at : at + 3], "little") + 1 for at in (24, 27))
        return width, height
    if kind == b"VP8L" and len(data) >= 25:
        bits = int.from_bytes(data[21:25], "little")
        return (bits & 0x3FFF) + 1, (bits >> 14 & 0x3FFF) + 1
    if kind == b"VP8 " and len(data) >= 30:
        width, height = (int.from_bytes(data[at : at + 2], "little") & 0x3FFF for at in (26, 28))
        return width, height
    raise Unreadable(
        Kind.TRUNCATED,
        "The file begins like a WebP image, but its header is truncated or broken. "
        "Send the whole file.",
    )


def _has_alpha(data: bytes) -> bool:
    if data[12:16] == b"VP8X":
        return bool(data[20] & ALPHA)
    return data[12:16] == b"VP8L" and bool(data[24] & ALPHA)


def _chunks(data: bytes) -> Iterator[tuple[bytes, bytes]]:
    at = 12
    for _ in range(MAX_CHUNKS):
        if at + 8 > len(data):
            return
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        # Pixels are the longest of all: they are not copied.
        yield kind, data[at + 8 : at + 8 + length] if kind in READ else b""
        at += 8 + length + length % 2


def _decode(data: bytes, _scale: int) -> Image.Image:
    image = WebPImageFile(io.BytesIO(data))
    image.load()
    return image
