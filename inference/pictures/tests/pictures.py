"""Files, good and bad, made on the spot."""

from __future__ import annotations

import io
import struct
import zlib
from typing import Any

import numpy as np
from PIL import Image

RED = (250, 10, 10)
GREEN = (10, 250, 10)
BLUE = (10, 10, 250)
COLOURS = {"red": RED, "green": GREEN, "blue": BLUE}


def encoded(image: Image.Image, file_format: str = "PNG", **options: Any) -> bytes:
    out = io.BytesIO()
    image.save(out, file_format, **options)
    return out.getvalue()


def plain(
    colour: tuple[int, int, int] = RED,
    file_format: str = "PNG",
    size: tuple[int, int] = (64, 48),
    **options: Any,
) -> bytes:
    return encoded(Image.new("RGB", size, colour), file_format, **options)


def rotated(orientation: int) -> Image.Exif:
    exif = Image.Exif()
    exif[0x0112] = orientation
    return exif


def noise(size: tuple[int, int] = (64, 48), seed: int = 0) -> Image.Image:
    random = np.random.default_rng(seed)
    return Image.fromarray(random.integers(0, 256, (size[1], size[0], 3), dtype=np.uint8))


def declared_png(width: int, height: int, data: bytes = b"") -> bytes:
    """A PNG whose header promises width x height, whatever its data hold."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        return (
            struct.pack(">I", len(content))
            + kind
            + content
            + struct.pack(">I", zlib.crc32(kind + content))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    return (
        b"\x89PNG\r\n\x1a\n"
        + chunk(b"IHDR", header)
        + chunk(b"IDAT", data or zlib.compress(b"\0" * 100))
        + chunk(b"IEND", b"")
    )
