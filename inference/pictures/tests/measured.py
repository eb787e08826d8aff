"""What reading takes, measured: a picture of every format and mode, in a process of its own.

Usage: `python measured.py WIDTH HEIGHT`. Prints one line of JSON a picture: bytes of the file,
bytes resident at the peak of reading it, seconds of the processor, and what was counted. Run with
MALLOC_MMAP_THRESHOLD_=65536, or what one picture gives back to the allocator hides what the next
one takes. `cost/test_measured.py` compares, `make bench ONLY=decoding` writes the table.
"""

from __future__ import annotations

import json
import struct
import sys
import time
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any

import containers
import crafted
import numpy as np
import pictures
from dandelion_pictures import Limits, Preprocessing, Reader
from PIL import Image

Size = tuple[int, int]
USUAL = Preprocessing(256, 224, 1 / 255, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
READER = Reader(Limits(max_memory=10**12, max_work=10**15))
SMALL = (640, 512)


def photo(size: Size, mode: str = "RGB") -> Image.Image:
    """Something smooth, as photos are, without a flat part."""
    spots = pictures.noise((max(2, size[0] // 16), max(2, size[1] // 16)))
    image = spots.resize(size, Image.Resampling.BICUBIC)
    if mode in ("RGBA", "LA"):
        image = image.convert(mode)
        image.putalpha(image.getchannel(0))
    return image if image.mode == mode else image.convert(mode)


def grey_of_12_bits(size: Size) -> Image.Image:
    return Image.fromarray(np.asarray(photo(size, "L"), np.uint16) << np.uint16(4))


def png_of_12_bits(size: Size) -> bytes:
    values = (np.asarray(photo(size), np.uint16) << np.uint16(4)).astype(">u2")
    rows = b"".join(b"\0" + row.tobytes() for row in values)
    header = struct.pack(">IIBBBBB", *size, 16, 2, 0, 0, 0)
    parts = ((b"IHDR", header), (b"IDAT", zlib.compress(rows, 1)), (b"IEND", b""))
    return b"\x89PNG\r\n\x1a\n" + b"".join(crafted.chunk(*part) for part in parts)


def tiles(picture: containers.Picture) -> Callable[[Size], bytes]:
    def made(size: Size) -> bytes:
        across, down = max(2, size[0] // 128), max(2, size[1] // 64)
        return containers.tiled(picture, min(across, 30), min(down, 30))

    return made


def of(mode: str, file_format: str, **options: Any) -> Callable[[Size], bytes]:
    return lambda size: pictures.encoded(photo(size, mode), file_format, **options)


KINDS: dict[str, Callable[[Size], bytes]] = {
    "JPEG": of("RGB", "JPEG", quality=90),
    "JPEG, decoded in full": lambda size: of("RGB", "JPEG", quality=90)((size[0], 400)),
    "grey JPEG, decoded in full": lambda size: of("L", "JPEG")((size[0], 400)),
    "CMYK JPEG, decoded in full": lambda size: of("CMYK", "JPEG")((size[0], 400)),
    "progressive JPEG, 4:2:0": of("RGB", "JPEG", quality=90, progressive=True),
    "progressive JPEG, 4:4:4": of("RGB", "JPEG", quality=90, progressive=True, subsampling=0),
    "progressive CMYK JPEG": of("CMYK", "JPEG", quality=90, progressive=True),
    "PNG": of("RGB", "PNG", compress_level=1),
    "grey PNG": of("L", "PNG", compress_level=1),
    "PNG of one bit": of("1", "PNG", compress_level=1),
    "PNG with a palette": of("P", "PNG", compress_level=1),
    "PNG with a palette, transparent": of("P", "PNG", compress_level=1, transparency=3),
    "PNG with alpha": of("RGBA", "PNG", compress_level=1),
    "grey PNG with alpha": of("LA", "PNG", compress_level=1),
    "grey PNG of 16 bits": lambda size: pictures.encoded(grey_of_12_bits(size), compress_level=1),
    "PNG of 16 bits": png_of_12_bits,
    "WebP": of("RGB", "WEBP", method=0),
    "lossless WebP": of("RGB", "WEBP", lossless=True, method=3, quality=20),
    "WebP with alpha": of("RGBA", "WEBP", method=0),
    "AVIF, 4:2:0": of("RGB", "AVIF", speed=10),
    "AVIF, 4:4:4": of("RGB", "AVIF", speed=10, subsampling="4:4:4"),
    "AVIF with alpha": of("RGBA", "AVIF", speed=10),
    "AVIF of tiles": tiles(containers.avif()),
    "HEIC of tiles": tiles(containers.heic()),
    "HEIC of tiles, 10 bits": tiles(containers.heic("quarters-10-bit.heic")),
    "GIF": of("P", "GIF"),
    "transparent GIF": of("P", "GIF", transparency=3),
    "BMP": of("RGB", "BMP"),
    "grey BMP": of("L", "BMP"),
    "BMP with a palette": of("P", "BMP"),
    "TIFF": of("RGB", "TIFF"),
    "TIFF, LZW": of("RGB", "TIFF", compression="tiff_lzw"),
    "TIFF, deflate": of("RGB", "TIFF", compression="tiff_adobe_deflate"),
    "TIFF, JPEG": of("RGB", "TIFF", compression="jpeg"),
    "TIFF, fax": of("1", "TIFF", compression="group4"),
    "TIFF, CMYK": of("CMYK", "TIFF", compression="tiff_lzw"),
    "TIFF with alpha": of("RGBA", "TIFF", compression="tiff_lzw"),
    "TIFF in one strip": of("RGB", "TIFF", compression="tiff_lzw", tiffinfo={278: 100_000}),
    "TIFF, L*a*b*": of("LAB", "TIFF", compression="tiff_lzw"),
    "grey TIFF of 16 bits": lambda size: pictures.encoded(grey_of_12_bits(size), "TIFF"),
}


def resident(line: str) -> int:
    lines = Path("/proc/self/status").read_text().splitlines()
    return next(int(each.split()[1]) * 1024 for each in lines if each.startswith(line))


def measure(kind: str, size: Size) -> dict[str, Any]:
    # Libraries are loaded, and their tables made, for the first picture that needs them.
    READER.tensor(KINDS[kind](SMALL), USUAL)
    data = KINDS[kind](size)
    Path("/proc/self/clear_refs").write_text("5")
    before, started = resident("VmRSS"), time.process_time()
    pending = READER.open(data, USUAL)
    pending.tensor()
    return {
        "kind": kind,
        "pixels": pending.size[0] * pending.size[1],
        "file": len(data),
        "seconds": time.process_time() - started,
        "memory": resident("VmHWM") - before,
        "counted memory": pending.cost.memory,
        "counted work": pending.cost.work,
    }


if __name__ == "__main__":
    for name in KINDS:
        print(json.dumps(measure(name, (int(sys.argv[1]), int(sys.argv[2])))), flush=True)
