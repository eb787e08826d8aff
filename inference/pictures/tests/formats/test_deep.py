"""Pictures of more than 8 bits a sample, as cameras and scanners write them."""

from __future__ import annotations

import struct
import zlib

import containers
import crafted
import numpy as np
import pictures
import pytest
from containers import QUARTERS
from numpy.typing import NDArray
from PIL import Image
from reading import corners, near, shown


def deep_png(values: NDArray[np.uint16], colour: int, *chunks: tuple[bytes, bytes]) -> bytes:
    """A PNG of 16 bits a sample; `values` are (height, width, channels)."""
    height, width = values.shape[:2]
    rows = values.astype(">u2").reshape(height, -1)
    packed = zlib.compress(b"".join(b"\0" + row.tobytes() for row in rows))
    header = struct.pack(">IIBBBBB", width, height, 16, colour, 0, 0, 0)
    listed = [(b"IHDR", header), *chunks, (b"IDAT", packed), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(crafted.chunk(*each) for each in listed)


def deep_grey(largest: int) -> NDArray[np.uint16]:
    """From black on the left to `largest` on the right."""
    row = np.linspace(0, largest, 128).astype(np.uint16)
    return np.tile(row, (64, 1))[:, :, np.newaxis]


DEEP = {
    "12 bits in 16, unscaled": ((), 0xFFF, 255),
    "12 bits in 16, and the file says so": (((b"sBIT", b"\x0c"),), 0xFFF, 255),
    "12 bits in 16, dark, and the file says so": (((b"sBIT", b"\x0c"),), 0x7FF, 127),
    "16 bits": ((), 0xFFFF, 255),
    "16 bits, dark, and the file says so": (((b"sBIT", b"\x10"),), 0xFFF, 15),
}


@pytest.mark.parametrize("case", DEEP)
def test_deep_grey_is_as_bright_as_it_was_taken(case: str) -> None:
    chunks, largest, white = DEEP[case]
    image = shown(deep_png(deep_grey(largest), 0, *chunks))
    assert image[:, 0].max() <= 1
    assert image[:, -1].min() >= white - 1


def test_a_tiff_of_12_bits_in_16_is_as_bright_as_it_was_taken() -> None:
    grey = Image.fromarray(deep_grey(0xFFF)[:, :, 0])
    assert shown(pictures.encoded(grey, "TIFF"))[:, -1].min() >= 254
    half = Image.fromarray(deep_grey(0x7FF)[:, :, 0])
    assert 126 <= shown(pictures.encoded(half, "TIFF", tiffinfo={281: 0xFFF}))[:, -1].min() <= 127


def test_a_tiff_that_counts_darkness_is_no_negative() -> None:
    data = pictures.encoded(Image.fromarray(deep_grey(0xFFFF)[:, :, 0]), "TIFF")
    changed = with_tag(data, 262, 0)
    assert shown(changed)[:, 0].min() == 255
    assert shown(changed)[:, -1].max() == 0


def with_tag(data: bytes, tag: int, value: int) -> bytes:
    """A little-endian TIFF whose tag of one SHORT has another value."""
    (at,) = struct.unpack_from("<I", data, 4)
    (count,) = struct.unpack_from("<H", data, at)
    for place in range(at + 2, at + 2 + 12 * count, 12):
        if struct.unpack_from("<H", data, place) == (tag,):
            return data[: place + 8] + struct.pack("<I", value) + data[place + 12 :]
    raise AssertionError(f"there is no tag {tag}")


def test_deep_colours_are_read() -> None:
    deep = (np.asarray(containers.quarters()).astype(np.uint16) << 8).astype(np.uint16)
    assert near(corners(deep_png(deep, 2)), list(QUARTERS), steps=0)
    opaque = np.dstack([deep, np.full((64, 128), 0xFFFF, np.uint16)])
    assert near(corners(deep_png(opaque, 6)), list(QUARTERS), steps=0)
    clear = struct.pack(">HHH", *(int(value) << 8 for value in QUARTERS[1]))
    white: list[tuple[int, ...]] = [QUARTERS[0], (255, 255, 255), *QUARTERS[2:]]
    assert near(corners(deep_png(deep, 2, (b"tRNS", clear))), white, steps=0)
