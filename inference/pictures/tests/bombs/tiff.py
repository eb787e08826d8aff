"""TIFFs whose lists and pieces are what is large."""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterator

import crafted
import pictures
from PIL import Image


def tiff(tags: dict[int, tuple[int, int, int]], content: bytes = b"") -> bytes:
    """Of tags with a type, a count, and what stands in the field; `content` begins at byte 8."""
    place = 8 + len(content) + len(content) % 2
    listed = b"".join(struct.pack("<HHII", tag, *entry) for tag, entry in sorted(tags.items()))
    head = b"II*\0" + struct.pack("<I", place) + content + bytes(len(content) % 2)
    return head + struct.pack("<H", len(tags)) + listed + bytes(4)


def listed_tiff(width: int, height: int, rows: int, pieces: int, data: bytes, **tags: int) -> bytes:
    """A grey TIFF whose strips are all the same bytes, listed so many times."""
    offsets = struct.pack(f"<{pieces}I", *[8 + 8 * pieces] * pieces)
    lengths = struct.pack(f"<{pieces}I", *[len(data)] * pieces)
    numbers = {256: width, 257: height, 258: 8, 259: 1, 262: 1, 277: 1, 278: rows}
    numbers |= {int(tag.removeprefix("tag")): value for tag, value in tags.items()}
    entries = {tag: (4, 1, value) for tag, value in numbers.items()}
    entries[273], entries[279] = (4, pieces, 8), (4, pieces, 8 + 4 * pieces)
    return tiff(entries, offsets + lengths + data)


def progressive_strip(width: int, height: int, scans: int) -> bytes:
    return crafted.many_scans(width, height, scans)


def tiffs() -> Iterator[tuple[str, str, bytes]]:
    strips = listed_tiff(8000, 2000, 1000, 20_000, bytes(1_000_000), tag258=1)
    yield "costly", "tiff whose strips are listed again and again", strips
    empty = b"\x78\x01" + b"\0\0\0\xff\xff" * 200_000 + b"\1\x10\0\xef\xff" + bytes(16)
    empty += struct.pack(">I", zlib.adler32(bytes(16)))
    blocks = listed_tiff(16, 20_000, 1, 20_000, empty, tag259=8)
    yield "costly", "tiff whose strips all go over a megabyte of nothing", blocks
    scans = crafted.many_scans(4096, 16, 90)
    jpegs = listed_tiff(4096, 12_000, 16, 750, scans, tag259=7, tag262=6, tag277=3)
    yield "costly", "tiff whose strips are one jpeg of many scans", jpegs
    yield "costly", "tiff with a tile of 800 MB", crafted.tiled_tiff(64, 64, 16_384)
    pieces = 300_000
    yield "costly", "tiff of 300,000 strips", listed_tiff(1, 600_000, 2, pieces, b"ab")
    ratios = {256: (4, 1, 16), 257: (4, 1, 12), 258: (5, 500_000, 8), 259: (4, 1, 1)}
    ratios |= {262: (4, 1, 1), 273: (4, 1, 8), 277: (4, 1, 1), 279: (4, 1, 192)}
    yield "harmless", "tiff whose depth is half a million fractions", tiff(ratios, bytes(4_000_000))
    data = bytearray(pictures.encoded(Image.new("L", (16, 12)), "TIFF"))
    start = struct.unpack_from("<I", data, 4)[0]
    count = struct.unpack_from("<H", data, start)[0]
    data[start + 2 + 12 * count : start + 6 + 12 * count] = struct.pack("<I", start)
    yield "harmless", "tiff whose directory is followed by itself", bytes(data)
