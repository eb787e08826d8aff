"""Files that mean no good, the same ones every time.

Most are made by damaging good pictures; the rest are built by hand to attack one weakness each.
`corpus` gives all of them by name.
"""

from __future__ import annotations

import gzip
import io
import json
import random
import struct
import zipfile
from collections.abc import Iterator

import containers
import pictures
from crafted import (
    declared,
    deflated_zeros,
    good,
    many_frames,
    many_scans,
    resized_bmp,
    resized_gif,
    resized_jpeg,
    resized_webp,
    rotated_by,
    tiff,
    tiled_tiff,
    with_chunk,
    with_segment,
)
from PIL import Image

STEP = 64
FLIPS = 32


def corpus() -> dict[str, bytes]:
    """All of them by name."""
    pieces = (damaged(), bombs(), lies(), rubbish(), polyglots(), other_things())
    found = dict(item for piece in pieces for item in piece)
    assert len(found) >= 1000, len(found)
    return found


def every_good_file() -> dict[str, bytes]:
    """What is damaged: one small picture for each decoder, and each make of container."""
    return {
        **good(),
        "avif": containers.still(containers.avif(pictures.noise((48, 36))), size=(48, 36)),
        "avif of tiles": containers.tiled(containers.avif(), 2, 1, containers.turned(1)),
        "heic": containers.still(containers.heic(), containers.turned(3), exif=rotated_by(6)),
        "heic of 10 bits": (containers.FILES / "quarters-10-bit.heic").read_bytes(),
        "heic of tiles": containers.tiled(
            containers.heic(), 2, 1, containers.numbered_colours(12, 13)
        ),
    }


def damaged() -> Iterator[tuple[str, bytes]]:
    chance = random.Random(20)
    for name, data in every_good_file().items():
        for end in range(0, len(data), STEP):
            yield f"{name} cut at {end}", data[:end]
        for turn in range(FLIPS):
            changed = bytearray(data)
            # In the header, where every bit means something, and anywhere.
            reach = min(len(data), 128) if turn % 2 else len(data)
            for _ in range(1 + turn % 3):
                changed[chance.randrange(reach)] ^= 1 << chance.randrange(8)
            yield f"{name} with flips {turn}", bytes(changed)
        middle = len(data) // 2
        yield f"{name} without its middle", data[: middle // 2] + data[middle:]
        yield f"{name} with a hole", data[:middle] + bytes(64) + data[middle + 64 :]
        yield f"{name} twice", data + data
        yield f"{name} backwards", data[::-1]


def bombs() -> Iterator[tuple[str, bytes]]:
    """Small files that decode to very much, within what is accepted and beyond it."""
    for side, rows in ((7_000, 7_000), (20_000, 400), (65_000, 100)):
        yield (
            f"png of {side} x {side}",
            pictures.declared_png(side, side, deflated_zeros((3 * side + 1) * rows)),
        )
    black = Image.new("L", (7_000, 7_000))
    yield "grey png within bounds", pictures.encoded(black)
    yield "gif within bounds", pictures.encoded(black, "GIF")
    yield "jpeg within bounds", pictures.encoded(black, "JPEG", quality=1)
    yield (
        "webp within bounds",
        pictures.encoded(Image.new("RGB", (4_900, 4_900)), "WEBP", method=0),
    )
    yield (
        "tiff within bounds",
        pictures.encoded(black, "TIFF", compression="tiff_adobe_deflate"),
    )
    yield "gif of many frames", many_frames(20_000)
    yield "jpeg of many scans", many_scans(6_000, 6_000, 3_000)
    yield "small jpeg of many scans", many_scans(64, 64, 3_000)
    yield "tiff with a tile larger than any picture", tiled_tiff(16, 16, 30_000)
    yield "tiff with a tile that takes 800 MB", tiled_tiff(64, 64, 16_384)
    yield "tiff with a tile somewhat larger than the picture", tiled_tiff(64, 64, 4_096)
    text = deflated_zeros(100_000_000)
    yield "png with text that unpacks to 100 MB", with_chunk(b"zTXt", b"Comment\0\0" + text)
    yield "png with text in UTF-8 that does", with_chunk(b"iTXt", b"a\0\1\0\0\0" + text)
    yield "png with a profile that does", with_chunk(b"iCCP", b"icc\0\0" + text)
    yield "png of many chunks", with_chunk(b"tEXt", b"a\0b", 100_000)
    yield "gzip archive", gzip.compress(bytes(1_000_000))


def lies() -> Iterator[tuple[str, bytes]]:
    """Headers that promise something else than the data hold."""
    for width, height in (
        *((0, 0), (0, 100), (1, 2**31 - 1), (2**32 - 1, 2**32 - 1)),
        *((60_000, 1), (1, 60_000), (50_000_000, 1), (7_000, 7_000), (10_000, 10_000)),
    ):
        size = f"{width} x {height}"
        yield f"png of {size}", pictures.declared_png(width, height)
        small = (width & 0xFFFF, height & 0xFFFF)
        yield f"gif of {size}", resized_gif(*small)
        yield f"jpeg of {size}", resized_jpeg(*small)
        yield f"bmp of {size}", resized_bmp(width, height)
        yield f"bmp of {size}, upside down", resized_bmp(width, -height)
        yield f"webp of {size}", resized_webp(*small)
        yield f"tiff of {size}", tiff({256: width, 257: height})
    for tag in (258, 259, 262, 273, 277, 278, 279, 284, 317, 338, 339):
        for value in (0, 1, 7, 255, 2**31, 2**32 - 1):
            yield f"tiff with {value} for tag {tag}", tiff({tag: value})
    for depth in (0, 3, 16, 32, 64, 255):
        bmp = bytearray(good()["bmp"])
        bmp[28:30] = struct.pack("<H", depth)
        yield f"bmp of {depth} bits", bytes(bmp)
    for colour in range(8):
        yield f"png of colour type {colour}", declared(8, colour, 0)
        yield f"interlaced png of colour type {colour}", declared(16, colour, 1)


def rubbish() -> Iterator[tuple[str, bytes]]:
    """Good pictures that carry broken metadata."""
    chance = random.Random(21)
    endless = b"II*\0\x08\0\0\0" + struct.pack("<HHHLLL", 1, 0x8769, 4, 1, 8, 8)
    large = b"II*\0\x08\0\0\0" + struct.pack("<HHHLLL", 1, 0x0112, 3, 2**31, 8, 0)
    for name, exif in {
        "nothing": b"",
        "noise": chance.randbytes(500),
        "an endless directory": endless,
        "a huge directory": large,
        "text": b"MM\0*" + b"A" * 500,
        "a directory beyond its end": b"II*\0" + struct.pack("<L", 2**31),
        "an orientation of 99": rotated_by(99),
        "an orientation that is a text": b"II*\0\x08\0\0\0"
        + struct.pack("<HHHLLL", 1, 0x0112, 2, 4, 0x41414141, 0),
    }.items():
        yield f"jpeg with exif of {name}", with_segment(0xE1, b"Exif\0\0" + exif)
        yield f"png with exif of {name}", with_chunk(b"eXIf", exif)
    for number in range(16):
        yield (
            f"jpeg with a profile of noise {number}",
            with_segment(0xE2, b"ICC_PROFILE\0\1\1" + chance.randbytes(50 * number)),
        )
        yield (
            f"jpeg with noise in segment {number}",
            with_segment(0xE0 + number, chance.randbytes(200)),
        )
        yield (
            f"png with a profile of noise {number}",
            with_chunk(b"iCCP", b"icc\0\0" + chance.randbytes(50 * number)),
        )
    for kind in (b"tRNS", b"PLTE", b"gAMA", b"cHRM", b"pHYs", b"acTL", b"fcTL", b"IHDR", b"IEND"):
        for size in (0, 1, 13, 500):
            yield (
                f"png with a {kind.decode()} of {size} bytes",
                with_chunk(kind, chance.randbytes(size)),
            )
    xmp = b"http://ns.adobe.com/xap/1.0/\0" + b"<x:xmpmeta>" * 2000
    yield "jpeg with endless xmp", with_segment(0xE1, xmp)
    billion = b"<!DOCTYPE a [<!ENTITY a 'aaaaaaaa'><!ENTITY b '&a;&a;&a;'>]><a>&b;</a>"
    yield (
        "jpeg with entities in xmp",
        with_segment(0xE1, b"http://ns.adobe.com/xap/1.0/\0" + billion),
    )


def polyglots() -> Iterator[tuple[str, bytes]]:
    pictured = good()
    archive = io.BytesIO()
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("a.txt", "a")
    page = b"<html><script>alert(1)</script></html>"
    for name, data in pictured.items():
        yield f"{name} that is an archive too", data + archive.getvalue()
        yield f"{name} that is a page too", data + page
        yield f"{name} behind a page", page + data
        for other in ("gif", "bmp", "png"):
            yield f"{name} behind {other}'s first bytes", pictured[other][:16] + data
            yield (
                f"{other} with the end of {name}",
                (pictured[other][: len(pictured[other]) // 2] + data[len(data) // 2 :]),
            )
    yield "gif that is a script too", b"GIF89a/*" + bytes(20) + b"*/=1;alert(1)"


def other_things() -> Iterator[tuple[str, bytes]]:
    chance = random.Random(22)
    yield "nothing", b""
    for size in (1, 2, 3, 4, 8, 12, 16, 64, 1_000, 1_000_000):
        yield f"{size} zero bytes", bytes(size)
        yield f"{size} bytes of noise", chance.randbytes(size)
    for signature in (
        *(b"\xff\xd8\xff", b"\x89PNG\r\n\x1a\n", b"GIF87a", b"GIF89a", b"BM", b"II*\0", b"MM\0*"),
        *(b"II+\0", b"RIFF\0\0\0\0WEBP", b"RIFF\xff\xff\xff\xffWEBPVP8X", b"\0\0\0\x18ftypavif"),
        *(b"%PDF-1.7", b"PK\3\4", b"\x7fELF", b"8BPS", b"P6 9 9 255 ", b"\0\0\1\0", b"#!/bin/sh"),
    ):
        for size in (0, 20, 2_000):
            yield f"{signature!r} and {size} bytes of noise", signature + chance.randbytes(size)
    yield "svg", b"<svg xmlns='http://www.w3.org/2000/svg' width='100' height='100'/>"
    yield "json", json.dumps({"instances": [[1, 2, 3]]}).encode()
    yield "a form in a body that says it is none", b"--x\r\nContent-Disposition: form-data\r\n\r\n"
    yield "icon", pictures.plain(file_format="ICO")
    yield "targa", pictures.plain(file_format="TGA")
    yield "pcx", pictures.plain(file_format="PCX")
    yield "jpeg 2000", pictures.plain(file_format="JPEG2000")
