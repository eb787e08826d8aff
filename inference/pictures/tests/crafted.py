"""Pictures put together byte by byte: a good one for each decoder, and what is done to headers.

`hostile.py` makes its corpus of them.
"""

from __future__ import annotations

import struct
import zlib

import pictures
from PIL import Image


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


def zipped(content: bytes) -> bytes:
    return zlib.compress(content, 9)


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


def flat_jpeg(width: int, height: int) -> bytes:
    """A grey JPEG of any size, with all of its pixels, in little memory."""
    data = bytearray(pictures.encoded(Image.new("L", (16, 16)), "JPEG"))
    at = data.index(b"\xff\xc0") + 5
    data[at : at + 4] = struct.pack(">HH", height, width)
    start = data.index(b"\xff\xda") + 10
    # By the tables of T.81, annex K.3: no change of brightness, and no more of this block.
    four_blocks = int("001010" * 4, 2).to_bytes(3, "big")
    blocks = -(-width // 8) * -(-height // 8)
    return bytes(data[:start]) + four_blocks * -(-blocks // 4) + b"\xff\xd9"


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
