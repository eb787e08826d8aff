"""What one file is to training: usable or not, and the pixels that serving would see."""

import struct
import zlib

import numpy as np
import pytest
from dandelion_pictures import Unreadable
from dandelion_training.data.images.inspect import (
    Geometry,
    Unusable,
    inspect,
    serving_crop,
    window,
    window_of,
)
from fakes.images import encoded, picture
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

GEOMETRY = Geometry(36, 32)


@given(st.integers(36, 200), st.integers(36, 200))
@settings(max_examples=60, deadline=None)
def test_the_window_holds_exactly_the_serving_crop(width: int, height: int) -> None:
    resized = picture(1, side=200).crop((0, 0, width, height))
    left, top = (width - 32) // 2, (height - 32) // 2
    expected = np.asarray(resized.crop((left, top, left + 32, top + 32)))
    assert np.array_equal(serving_crop(window(resized, GEOMETRY), GEOMETRY), expected)


def test_a_long_strip_keeps_only_the_middle_in_memory() -> None:
    seen = window(Image.new("RGB", (900, 36)), GEOMETRY)
    assert seen.pixels.shape == (36, 32 + 2 * 18, 3)


def test_looks_do_not_depend_on_the_size_that_is_trained_at() -> None:
    content = encoded(picture(1, side=400), "JPEG")
    small, large = inspect(content, GEOMETRY), inspect(content, Geometry(255, 224))
    assert small.fingerprint == large.fingerprint
    assert (small.width, small.height) == (400, 400)


def test_a_turned_photo_with_a_broken_header_is_set_upright() -> None:
    image = Image.new("RGB", (80, 40), (0, 0, 255))
    image.paste((255, 0, 0), (0, 0, 40, 40))
    # Two entries of EXIF: Orientation 6, and XResolution as four letters of text.
    exif = b"Exif\0\0II*\0\x08\0\0\0" + struct.pack("<H", 2)
    exif += struct.pack("<HHII", 0x0112, 3, 1, 6) + struct.pack("<HHI4s", 0x011A, 2, 4, b"dpi\0")
    exif += struct.pack("<I", 0)
    content = encoded(image, "JPEG", exif=exif, quality=95)
    shown = inspect(content, GEOMETRY)
    assert (shown.width, shown.height) == (40, 80)
    red, _, blue = shown.window.pixels[2, 10]
    assert red > blue


def bomb() -> bytes:
    """A small file that claims 30,000 × 30,000 pixels."""
    data = bytearray(encoded(Image.new("RGB", (16, 16))))
    data[16:24] = struct.pack(">II", 30_000, 30_000)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


UNUSABLE = {
    "is empty": b"",
    "not an image": b"hello, I am a text file",
    "truncated": encoded(picture(1, side=80), "JPEG")[:900],
    "smaller than 16 pixels": encoded(picture(1, side=15)),
    "too large": bomb(),
    "strip": encoded(Image.new("RGB", (17 * 21, 17))),
}


@pytest.mark.parametrize("why", UNUSABLE)
def test_an_unusable_file_is_named_with_its_reason(why: str) -> None:
    with pytest.raises((Unusable, Unreadable), match=why):
        inspect(UNUSABLE[why], GEOMETRY)


@given(st.binary(max_size=300), st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"]))
@settings(max_examples=150, deadline=None)
def test_no_damaged_file_crashes_the_decoder(noise: bytes, form: str) -> None:
    whole = encoded(picture(3, side=24), form)
    at = len(noise) * 7 % len(whole)
    damaged = whole[:at] + noise + whole[at + len(noise) :]
    try:
        seen = inspect(damaged, GEOMETRY)
    except (Unusable, Unreadable):
        return
    assert serving_crop(seen.window, GEOMETRY).shape == (32, 32, 3)
    assert np.array_equal(window_of(damaged, GEOMETRY).pixels, seen.window.pixels)
