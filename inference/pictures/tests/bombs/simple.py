"""PNG, GIF and BMP."""

from __future__ import annotations

import struct
from collections.abc import Iterator

import crafted
import pictures
from PIL import Image


def pngs() -> Iterator[tuple[str, str, bytes]]:
    text = crafted.deflated_zeros(100_000_000)
    yield "harmless", "png with text of 100 MB", crafted.with_chunk(b"zTXt", b"a\0\0" + text)
    yield "harmless", "png with UTF-8 of 100 MB", crafted.with_chunk(b"iTXt", b"a\0\1\0\0\0" + text)
    yield "harmless", "png with a profile of 100 MB", crafted.with_chunk(b"iCCP", b"a\0\0" + text)
    frames = crafted.chunk(b"acTL", struct.pack(">II", 2**31 - 1, 0))
    control = struct.pack(">IIIIIHHBB", 0, 2**30, 2**30, 0, 0, 1, 1, 0, 0)
    frames += (crafted.chunk(b"fcTL", control) + crafted.chunk(b"fdAT", text[:99])) * 5000
    data = crafted.good_png()
    yield "harmless", "animated png of huge frames", data[:33] + frames + data[33:]
    rows = crafted.deflated_zeros((3 * 20_000 + 1) * 400)
    yield "costly", "png of 400 megapixels", pictures.declared_png(20_000, 20_000, rows)
    whole = pictures.declared_png(20_000, 20_000, rows)
    interlaced = whole[16:28] + b"\1"
    yield (
        "costly",
        "interlaced png of 400 megapixels",
        whole[:8] + crafted.chunk(b"IHDR", interlaced) + whole[33:],
    )


def gif(*extensions: bytes, size: tuple[int, int] = (8, 8)) -> bytes:
    """A GIF with extensions before its picture, whose canvas is as large as it says."""
    data = bytearray(pictures.encoded(Image.new("P", (8, 8), 3), "GIF"))
    start = data.index(b",")
    data[6:10] = struct.pack("<HH", *size)
    data[start:start] = b"".join(extensions)
    return bytes(data)


def gifs() -> Iterator[tuple[str, str, bytes]]:
    yield "harmless", "gif of many frames", crafted.many_frames(20_000)
    yield "harmless", "gif with comments in small blocks", gif(b"!\xfe" + b"\2ab" * 100_000 + b"\0")
    away = b"!\xf9\x04" + bytes([2 << 2]) + bytes(3) + b"\0"
    yield "costly", "gif whose canvas is cleared", gif(away, size=(60_000, 60_000))
    yield "broken", "gif of comments without end", gif(b"!\xfe\1a\0" * 300_000)


def bmp(width: int, height: int, packed: bytes) -> bytes:
    """A BMP of 8 bits whose rows are run-length encoded."""
    palette = bytes(range(256)) * 4
    place = 14 + 40 + len(palette)
    header = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 8, 1, len(packed), 1, 1, 256, 0)
    first = b"BM" + struct.pack("<IHHI", place + len(packed), 0, 0, place)
    return first + header + palette + packed


def bmps() -> Iterator[tuple[str, str, bytes]]:
    yield "costly", "bmp that jumps up and up", bmp(40_000, 40_000, b"\0\2\0\xff" * 200)
    yield "costly", "bmp of ends of lines", bmp(10_000_000, 20, b"\1\1\0\0" * 20)
