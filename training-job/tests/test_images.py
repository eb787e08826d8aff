"""Decoding and geometry: what training sees is what inference will see."""

import numpy as np
import pytest
from dandelion_training.data.images.inspect import (
    Geometry,
    Unusable,
    decode,
    inspect,
    serving_crop,
    window,
)
from fakes import encoded, picture
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image

GEOMETRY = Geometry(36, 32)


@given(st.integers(16, 200), st.integers(16, 200))
@settings(max_examples=60, deadline=None)
def test_the_cached_window_gives_exactly_the_pixels_of_resize_then_crop(
    width: int, height: int
) -> None:
    image = picture(1, side=200).crop((0, 0, width, height))
    short = 36 / min(width, height)
    size = (36, int(height * short)) if width <= height else (int(width * short), 36)
    size = (max(36, size[0]), max(36, size[1]))
    if size != GEOMETRY.resized(width, height):  # int(float) may lie one below the exact quotient
        size = GEOMETRY.resized(width, height)
    resized = image.resize(size, Image.Resampling.BILINEAR)
    left, top = (size[0] - 32) // 2, (size[1] - 32) // 2
    expected = np.asarray(resized.crop((left, top, left + 32, top + 32)))
    assert np.array_equal(serving_crop(window(image, GEOMETRY), GEOMETRY), expected)


@pytest.mark.parametrize(
    ("width", "height", "resized"),
    [(100, 100, (36, 36)), (100, 50, (72, 36)), (50, 100, (36, 72)), (101, 100, (36, 36))],
)
def test_the_long_side_is_rounded_down(width: int, height: int, resized: tuple[int, int]) -> None:
    assert GEOMETRY.resized(width, height) == resized


def test_a_long_strip_keeps_only_the_middle_in_memory() -> None:
    seen = window(Image.new("RGB", (900, 50)), GEOMETRY)
    assert seen.pixels.shape == (36, 32 + 2 * 18, 3)


def transparent() -> bytes:
    return encoded(Image.new("RGBA", (20, 20), (10, 20, 30, 0)))


def deep() -> bytes:
    return encoded(Image.fromarray(np.full((20, 20), 0x8000, np.uint16)))


def turned() -> bytes:
    """Wide on disk, but its EXIF says it was held upright; red is at the left end on disk."""
    image = Image.new("RGB", (40, 20), (0, 0, 255))
    image.paste((255, 0, 0), (0, 0, 20, 20))
    exif = image.getexif()
    exif[0x0112] = 6
    return encoded(image, "JPEG", exif=exif, quality=95)


@pytest.mark.parametrize(
    ("content", "size", "upper_left"),
    [
        pytest.param(transparent(), (20, 20), (255, 255, 255), id="what is transparent is white"),
        pytest.param(deep(), (20, 20), (128, 128, 128), id="16-bit grey is scaled, not clipped"),
        pytest.param(turned(), (20, 40), (254, 0, 0), id="a turned photo is set upright"),
        pytest.param(
            encoded(Image.new("L", (20, 20), 7)), (20, 20), (7, 7, 7), id="grey becomes RGB"
        ),
    ],
)
def test_an_image_is_seen_as_a_viewer_shows_it(
    content: bytes, size: tuple[int, int], upper_left: tuple[int, int, int]
) -> None:
    image = decode(content)
    assert (image.mode, image.size, image.getpixel((1, 1))) == ("RGB", size, upper_left)


def bomb() -> bytes:
    """A small file that claims 10,000 × 10,000 pixels."""
    return encoded(Image.new("1", (10_000, 10_000)))


UNUSABLE = {
    "the file is empty": b"",
    "no format that is accepted": b"hello, I am a text file",
    "not a readable image": encoded(picture(1, side=80), "JPEG")[:900],
    "smaller than 16 pixels": encoded(picture(1, side=15)),
    "megapixels": bomb(),
    "strip": encoded(Image.new("RGB", (17 * 21, 17))),
}


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("why", UNUSABLE)
def test_an_unusable_file_is_named_with_its_reason(why: str) -> None:
    with pytest.raises(Unusable, match=why):
        inspect(UNUSABLE[why], GEOMETRY)


@given(st.binary(max_size=300), st.sampled_from(["PNG", "JPEG", "GIF", "BMP", "TIFF", "WEBP"]))
@settings(max_examples=150, deadline=None)
def test_no_damaged_file_crashes_the_decoder(noise: bytes, form: str) -> None:
    whole = encoded(picture(3, side=24), form)
    at = len(noise) * 7 % len(whole)
    damaged = whole[:at] + noise + whole[at + len(noise) :]
    try:
        seen = inspect(damaged, GEOMETRY)
    except Unusable:
        return
    assert serving_crop(seen.window, GEOMETRY).shape == (32, 32, 3)
