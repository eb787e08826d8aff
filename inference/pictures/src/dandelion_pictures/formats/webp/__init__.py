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
from dandelion_pictures.formats.webp.lossless import code_groups
from dandelion_pictures.preprocessing import Size

# Its decoder keeps a canvas and the one before it, its answer is a copy, and Pillow makes another.
CANVAS_BYTES = 8
BYTES_A_PIXEL = 16
BYTES_A_ROW = 256  # per pixel of its width
GROUP_BYTES = 21_000  # the tables of five prefix codes, as large as they get (libwebp's kTableSize)
CHUNK_BYTES = 64
WORK = 25
BYTE_WORK = 10
GROUP_WORK = 8_000
TRANSPARENT = 0x10  # in the flags of the extended form
COMPRESSION, LOSSLESS = 0x03, 1  # of transparency
FRAME_HEADER = 16
EXIF_LIMIT = 65_536
MAX_CHUNKS = 200_000


def look(data: bytes) -> Source:
    """Raises Unreadable."""
    size = _canvas(data)
    exif, profile = b"", None
    chunks, groups = 0, None
    for kind, start, end in _chunks(data, 12, len(data)):
        chunks += 1
        if kind == b"EXIF" and end - start <= EXIF_LIMIT:
            exif = data[start:end]
        elif kind == b"ICCP" and end - start <= MAX_PROFILE_BYTES:
            profile = data[start:end]
        elif groups is None and kind == b"ANMF":
            groups = _groups_of_frame(data, start, end)
        elif kind in (b"VP8L", b"ALPH"):
            groups = max(groups or 0, _groups(data, kind, start, end, size))
    pixels = size[0] * size[1]
    tables = (groups or 0) * GROUP_BYTES
    cost = Cost(
        pixels * BYTES_A_PIXEL + size[0] * BYTES_A_ROW + len(data) + tables + chunks * CHUNK_BYTES,
        pixels * WORK + len(data) * BYTE_WORK + (groups or 0) * GROUP_WORK,
    )
    return Source(
        format="WebP",
        size=size,
        mode="RGBA" if _has_alpha(data) else "RGB",
        held=pixels * CANVAS_BYTES + len(data) + chunks * CHUNK_BYTES,
        cost=lambda _: cost,
        decode=partial(_decode, data),
        orientation=tags.orientation(tags.exif_directory(exif)),
        profile=profile,
    )


def _groups_of_frame(data: bytes, start: int, end: int) -> int:
    """Of an animation's frame (RFC 9649, 2.7.1.1)."""
    width, height = (
        int.from_bytes(data[at : at + 3], "little") + 1 for at in (start + 6, start + 9)
    )
    return max(
        (
            _groups(data, kind, first, last, (width, height))
            for kind, first, last in _chunks(data, start + FRAME_HEADER, end)
        ),
        default=0,
    )


def _groups(data: bytes, kind: bytes, start: int, end: int, size: Size) -> int:
    stream = memoryview(data)[start:end]
    if kind == b"VP8L":
        return code_groups(stream, size)
    if kind == b"ALPH" and stream and stream[0] & COMPRESSION == LOSSLESS:
        return code_groups(stream[1:], size, header=False)
    return 0


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
        return bool(data[20] & TRANSPARENT)
    return data[12:16] == b"VP8L" and bool(data[24] & TRANSPARENT)


def _chunks(data: bytes, at: int, end: int) -> Iterator[tuple[bytes, int, int]]:
    """Each with where its content begins and ends."""
    for _ in range(MAX_CHUNKS):
        if at + 8 > end:
            return
        kind, length = data[at : at + 4], int.from_bytes(data[at + 4 : at + 8], "little")
        yield kind, at + 8, min(at + 8 + length, end)
        at += 8 + length + length % 2
    raise Unreadable(Kind.BROKEN, f"The WebP has more than {MAX_CHUNKS} chunks. Save it anew.")


def _decode(data: bytes, _scale: int) -> Image.Image:
    image = WebPImageFile(io.BytesIO(data))
    image.load()
    return image
