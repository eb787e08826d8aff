"""Uploads that mean no good, the same ones every time.

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
import zlib
from collections.abc import Iterator

import pictures
from PIL import Image

STEP = 64
FLIPS = 32
INFER = "/v2/models/lawn/infer"


def corpus() -> dict[str, bytes]:
    """Bodies for /predict."""
    pieces = (damaged(), bombs(), lies(), rubbish(), polyglots(), other_things())
    found = dict(item for piece in pieces for item in piece)
    assert len(found) >= 1000, len(found)
    return found


def good() -> dict[str, bytes]:
    """One small picture for each decoder and each way through it."""
    photo = pictures.noise((48, 36))
    smooth = Image.linear_gradient("L").resize((96, 72))
    alpha = photo.convert("RGBA")
    alpha.putalpha(smooth.resize(photo.size))
    palette = photo.quantize(64)
    frames = [pictures.noise((24, 18), seed) for seed in range(3)]
    return {
        "jpeg": pictures.encoded(photo, "JPEG", exif=pictures.rotated(6)),
        "progressive jpeg": pictures.encoded(photo, "JPEG", progressive=True),
        "cmyk jpeg": pictures.encoded(photo.convert("CMYK"), "JPEG"),
        "png": pictures.encoded(photo),
        "png with alpha": pictures.encoded(alpha),
        "png with palette": pictures.encoded(palette, "PNG", transparency=0),
        "16-bit png": pictures.encoded(smooth.convert("I;16")),
        "webp": pictures.encoded(photo, "WEBP", quality=80),
        "lossless webp": pictures.encoded(alpha, "WEBP", lossless=True),
        "animated webp": pictures.encoded(
            frames[0], "WEBP", save_all=True, append_images=frames[1:]
        ),
        "gif": pictures.encoded(palette, "GIF"),
        "animated gif": pictures.encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]),
        "bmp": pictures.encoded(photo, "BMP"),
        "bmp with palette": pictures.encoded(palette, "BMP"),
        "tiff": pictures.encoded(photo, "TIFF"),
        "lzw tiff": pictures.encoded(photo, "TIFF", compression="tiff_lzw"),
        "deflate tiff": pictures.encoded(photo, "TIFF", compression="tiff_adobe_deflate"),
        "jpeg tiff": pictures.encoded(photo, "TIFF", compression="jpeg"),
    }


def damaged() -> Iterator[tuple[str, bytes]]:
    chance = random.Random(20)
    for name, data in good().items():
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


def requests() -> dict[str, tuple[bytes, str | None]]:
    """Bodies for the Open Inference Protocol, and the header that says where the JSON ends."""
    chance = random.Random(23)
    picture = good()["png"]
    listed = struct.pack("<I", len(picture)) + picture
    text = json.dumps(
        {
            "id": "1",
            "inputs": [
                {
                    "name": "file",
                    "shape": [1],
                    "datatype": "BYTES",
                    "parameters": {"binary_data_size": len(listed)},
                }
            ],
            "outputs": [{"name": "labels", "parameters": {"binary_data": True}}],
        }
    ).encode()
    whole = text + listed
    found: dict[str, tuple[bytes, str | None]] = {}
    for end in range(0, len(whole), STEP):
        found[f"cut at {end}"] = (whole[:end], str(len(text)))
    for turn in range(200):
        changed = bytearray(whole)
        changed[chance.randrange(len(text) + 8)] ^= 1 << chance.randrange(8)
        found[f"with flips {turn}"] = (bytes(changed), str(len(text)))
    for length in ("", "0", "1", "-1", "1e3", "99999999999999999999", "٣", str(len(text) - 1)):
        found[f"with a header of {length}"] = (whole, length)
    for name, body in {
        "nested lists": b"[" * 1_000_000,
        "nested objects": b'{"a":' * 1_000_000,
        "empty lists": b'{"inputs": [' + b"[]," * 2_000_000,
        "tensors without end": b'{"data":["' * 500_000,
        "tensors of tensors": b'{"data":[' * 500_000,
        "blanks before a colon": b'"data"' + b" " * 5_000_000,
        "one long number": b'{"inputs": ' + b"9" * 1_000_000 + b"}",
        "one long string": b'{"id": "' + b"a" * 10_000_000 + b'"}',
        "half a pair of surrogates": b'{"id": "\\ud800", "inputs": []}',
        "an input named by half a pair": json.dumps(
            {"inputs": [{"name": "\ud800", "shape": [1], "datatype": "\ud800"}]}
        ).encode(),
        "a huge shape": json.dumps(
            {"inputs": [{"name": "image", "shape": [10**18] * 8, "datatype": "FP32", "data": []}]}
        ).encode(),
        "a shape of thousands of digits": json.dumps(
            {"inputs": [{"name": "image", "shape": [10**4000, 3, 32, 32], "datatype": "FP32"}]}
        ).encode(),
        "millions of numbers": b'{"inputs":[{"name":"image","shape":[4,3,32,32],"datatype":"FP32",'
        b'"data":[%b]}]}' % (b"1," * 5_000_000 + b"1"),
        "UTF-16": text.decode().encode("utf-16"),
        "bytes that are no text": b'{"id": "\xff\xfe"}',
    }.items():
        found[name] = (body, None)
    return found


# How the pieces are made.


def chunk(kind: bytes, content: bytes) -> bytes:
    sum_ = zlib.crc32(kind + content)
    return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", sum_)


def deflated_zeros(size: int) -> bytes:
    """What zlib makes of so many zeros, without going through them."""
    piece = 1_000_000
    packer = zlib.compressobj(9, zlib.DEFLATED, -15)
    repeated = packer.compress(bytes(piece)) + packer.flush(zlib.Z_FULL_FLUSH)
    end = packer.compress(bytes(size % piece)) + packer.flush()
    checksum = struct.pack(">HH", size % 65521, 1)
    return b"\x78\xda" + repeated * (size // piece) + end + checksum


def with_chunk(kind: bytes, content: bytes, times: int = 1) -> bytes:
    """A good PNG with more behind its header."""
    data = good_png()
    return data[:33] + chunk(kind, content) * times + data[33:]


def good_png() -> bytes:
    return pictures.encoded(pictures.noise((16, 12)))


def declared(depth: int, colour: int, interlaced: int) -> bytes:
    header = struct.pack(">IIBBBBB", 16, 12, depth, colour, 0, 0, interlaced)
    data = good_png()
    return data[:8] + chunk(b"IHDR", header) + data[33:]


def with_segment(marker: int, content: bytes) -> bytes:
    """A good JPEG with more behind its first bytes."""
    data = pictures.encoded(pictures.noise((16, 12)), "JPEG")
    return data[:2] + struct.pack(">BBH", 0xFF, marker, len(content) + 2) + content + data[2:]


def rotated_by(orientation: int) -> bytes:
    return b"II*\0\x08\0\0\0" + struct.pack("<HHHLLL", 1, 0x0112, 3, 1, orientation, 0)


def resized_jpeg(width: int, height: int, progressive: bool = False) -> bytes:
    data = bytearray(pictures.encoded(pictures.noise((16, 16)), "JPEG", progressive=progressive))
    at = data.index(b"\xff\xc2" if progressive else b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    return bytes(data)


def many_scans(width: int, height: int, scans: int) -> bytes:
    """A progressive JPEG whose scans are some bytes each, and each costs a pass over all pixels."""
    data = resized_jpeg(width, height, progressive=True)
    first = data.index(b"\xff\xda")
    table = struct.pack(">HHB16B", 0xFFC4, 19 + 2, 0x10, 1, 1, *[0] * 14) + b"\x00\xe0"
    # One AC coefficient; each block ends a run of up to 32767 blocks.
    scan = struct.pack(">HHBBBBBB", 0xFFDA, 8, 1, 1, 0x00, 1, 1, 0x00)
    runs = b"\x00" * 32
    return data[:first] + table + (scan + runs) * scans + b"\xff\xd9"


def resized_gif(width: int, height: int) -> bytes:
    data = bytearray(good()["gif"])
    data[6:10] = struct.pack("<HH", width, height)
    return bytes(data)


def many_frames(frames: int) -> bytes:
    data = pictures.encoded(Image.new("P", (8, 8)), "GIF")
    start = data.index(b",")
    return data[:start] + data[start:-1] * frames + b";"


def resized_bmp(width: int, height: int) -> bytes:
    data = bytearray(good()["bmp"])
    data[18:26] = struct.pack("<II", width % 2**32, height % 2**32)
    return bytes(data)


def resized_webp(width: int, height: int) -> bytes:
    data = bytearray(good()["webp"])
    at = data.index(b"\x9d\x01\x2a") + 3
    data[at : at + 4] = struct.pack("<HH", width & 0x3FFF, height & 0x3FFF)
    return bytes(data)


def tiff(changes: dict[int, int], pixels: bytes = bytes(16 * 12 * 3)) -> bytes:
    """A TIFF of 16 x 12 whose tags say something else."""
    tags = {256: 16, 257: 12, 258: 8, 259: 1, 262: 2, 273: 0, 277: 3, 278: 12, 279: len(pixels)}
    tags = dict(sorted((tags | changes).items()))
    size = 2 + 12 * len(tags) + 4
    if 273 in tags and 273 not in changes:
        tags[273] = 8 + size
    if 324 in tags:
        tags = {tag: value for tag, value in tags.items() if tag not in (273, 278, 279)}
        size = 2 + 12 * len(tags) + 4
        tags[324] = 8 + size
    entries = b"".join(struct.pack("<HHLL", tag, 4, 1, value) for tag, value in tags.items())
    return b"II*\0\x08\0\0\0" + struct.pack("<H", len(tags)) + entries + bytes(4) + pixels


def tiled_tiff(width: int, height: int, tile: int) -> bytes:
    packed = deflated_zeros(tile * tile * 3)
    changes = {256: width, 257: height, 259: 8, 322: tile, 323: tile, 324: 0, 325: len(packed)}
    return tiff(changes, packed)
