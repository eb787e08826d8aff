"""A file becomes the numbers that the contract's words promise, whatever it is stored as."""

from __future__ import annotations

import io
from typing import Any

import crafted
import numpy as np
import pictures
import pytest
from dandelion_pictures import Preprocessing, Reader
from dandelion_pictures.colour import rgb
from dandelion_pictures.preprocessing import crop_origin, normalised, resized_size
from numpy.typing import NDArray
from PIL import Image

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
AS_TRAINED = Preprocessing(36, 32, 1 / 255, MEAN, STD)
READER = Reader()


def shown(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image, dtype=np.uint8)


def resized(data: bytes) -> NDArray[np.uint8]:
    return shown(READER.open(data, AS_TRAINED).resized())


@pytest.mark.parametrize("size", [(64, 48), (48, 64), (300, 301), (36, 36), (20, 17), (7, 500)])
def test_preprocessing_is_the_contracts_word_for_word(size: tuple[int, int]) -> None:
    image = pictures.noise(size)
    width, height = size
    if width <= height:
        resized = image.resize((36, 36 * height // width), Image.Resampling.BILINEAR)
    else:
        resized = image.resize((36 * width // height, 36), Image.Resampling.BILINEAR)
    left, top = (resized.width - 32) // 2, (resized.height - 32) // 2
    pixels = shown(resized.crop((left, top, left + 32, top + 32))).astype(np.float32)
    mean, std = np.array(MEAN, dtype=np.float32), np.array(STD, dtype=np.float32)
    expected = (pixels * np.float32(1 / 255) - mean) / std
    tensor = READER.tensor(pictures.encoded(image), AS_TRAINED)
    assert tensor.dtype == np.float32
    assert tensor.shape == (1, 3, 32, 32)
    assert np.array_equal(tensor[0], expected.transpose(2, 0, 1))


@pytest.mark.parametrize("name", crafted.good())
def test_a_crop_of_the_resized_picture_is_what_the_tensor_holds(name: str) -> None:
    data = crafted.good()[name]
    picture = READER.open(data, AS_TRAINED).resized()
    assert min(picture.size) == 36
    left, top = crop_origin(picture.size, 32)
    window = shown(picture)[np.newaxis, top : top + 32, left : left + 32]
    assert np.array_equal(normalised(window, AS_TRAINED), READER.tensor(data, AS_TRAINED))


def test_a_photo_that_is_decoded_smaller_looks_as_if_it_was_decoded_in_full() -> None:
    waves = np.sin(np.arange(2003)[:, np.newaxis] / 90) + np.cos(np.arange(1501) / 70)
    photo = Image.fromarray(((waves + 2) * 63).astype(np.uint8)).convert("RGB")
    data = pictures.encoded(photo, "JPEG", quality=95)
    pending = READER.open(data, AS_TRAINED)
    assert pending.size == (1501, 2003)
    assert pending.cost.memory < pending.size[0] * pending.size[1]
    with Image.open(io.BytesIO(data)) as whole:
        expected = shown(whole.resize(resized_size(whole.size, 36), Image.Resampling.BILINEAR))
    # An eighth is not the average of 8 x 8 pixels to the last step, but nearly.
    difference = shown(pending.resized()).astype(int) - expected
    assert np.abs(difference).max() <= 3


@pytest.mark.parametrize(
    "words",
    [{"center_crop": 37}, {"center_crop": 0}, {"scale": 0.0}, {"std": (0.2, 0.0, 0.2)}],
)
def test_preprocessing_that_makes_no_sense_does_not_come_into_being(
    words: dict[str, Any],
) -> None:
    sensible: dict[str, Any] = {
        "resize_short_side": 36,
        "center_crop": 32,
        "scale": 1.0,
        "mean": MEAN,
        "std": STD,
    }
    with pytest.raises(ValueError, match="must"):
        Preprocessing(**(sensible | words))


# What each orientation does to the stored picture before a person sees it (EXIF 2.3, tag 0x0112).
ORIENTATIONS = {
    1: lambda stored: stored,
    2: lambda stored: stored[:, ::-1],
    3: lambda stored: stored[::-1, ::-1],
    4: lambda stored: stored[::-1],
    5: lambda stored: stored.transpose(1, 0, 2),
    6: lambda stored: np.rot90(stored, -1),
    7: lambda stored: stored[::-1, ::-1].transpose(1, 0, 2),
    8: lambda stored: np.rot90(stored, 1),
}


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF", "AVIF"])
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_rotated_photo_is_turned_upright(orientation: int, file_format: str) -> None:
    stored = pictures.noise((50, 40))
    options: dict[str, Any] = {"exif": pictures.rotated(orientation)}
    options |= {"lossless": True} if file_format == "WEBP" else {}
    data = pictures.encoded(stored, file_format, **options)
    if file_format in ("JPEG", "AVIF"):  # those that do not keep every pixel as it was
        with Image.open(io.BytesIO(data)) as again:
            stored = again.convert("RGB")
    upright = Image.fromarray(ORIENTATIONS[orientation](shown(stored)))
    pending = READER.open(data, AS_TRAINED)
    assert pending.size == upright.size
    expected = resized(pictures.encoded(upright)).astype(int)
    # Columns before rows, or rows before columns: a step of rounding.
    assert np.abs(shown(pending.resized()) - expected).max() <= 1


@pytest.mark.parametrize("orientation", [0, 9, 99, 65_535])
def test_an_orientation_that_there_is_not_leaves_the_photo_as_it_lies(orientation: int) -> None:
    plain = pictures.encoded(pictures.noise(), "JPEG")
    rotated = pictures.encoded(pictures.noise(), "JPEG", exif=pictures.rotated(orientation))
    assert np.array_equal(resized(rotated), resized(plain))


def half_clear() -> Image.Image:
    """Red on the left; on the right fully transparent, with black hidden below."""
    image = Image.new("RGBA", (2, 1), (255, 0, 0, 255))
    image.putpixel((1, 0), (0, 0, 0, 0))
    return image


def two_colours() -> Image.Image:
    image = Image.new("RGB", (2, 1), RED)
    image.putpixel((1, 0), BLACK)
    return image


def palette_with_clear_colour() -> Image.Image:
    image = Image.new("P", (2, 1))
    image.putpalette([255, 0, 0, 0, 0, 0])
    image.putpixel((1, 0), 1)
    image.info["transparency"] = 1
    return image


def grey16(*values: int) -> Image.Image:
    return Image.fromarray(np.array([values], dtype=np.uint16))


def grey16_with_clear_value(*values: int, clear: int) -> Image.Image:
    image = grey16(*values)
    image.info["transparency"] = clear
    return image


RED, WHITE, BLACK, GREY = (255, 0, 0), (255, 255, 255), (0, 0, 0), (128, 128, 128)
MODES = {
    "transparency shows white, not what it hides": (half_clear(), [RED, WHITE]),
    "half transparency is a mix with white": (Image.new("RGBA", (1, 1), (0, 0, 0, 127)), [GREY]),
    "grey with alpha": (Image.new("LA", (1, 1), (0, 0)), [WHITE]),
    "grey that was multiplied with its alpha": (Image.new("La", (1, 1), (0, 0)), [WHITE]),
    "a palette": (two_colours().quantize(2), [RED, BLACK]),
    "a palette with a transparent colour": (palette_with_clear_colour(), [RED, WHITE]),
    "grey": (Image.new("L", (1, 1), 128), [GREY]),
    "black and white": (Image.new("1", (1, 1), 1), [WHITE]),
    "16-bit grey is scaled, not clipped": (grey16(0, 0x80FF, 0xFFFF), [BLACK, GREY, WHITE]),
    "16-bit grey with a transparent value": (
        grey16_with_clear_value(0, 0x8000, 0xFFFF, clear=0),
        [WHITE, GREY, WHITE],
    ),
    "12 bits in 16 are scaled by what they are": (grey16(0, 0x80F, 0xFFF), [BLACK, GREY, WHITE]),
    "10 bits in 16": (grey16(0, 0x200, 0x3FF), [BLACK, GREY, WHITE]),
    "14 bits in 16": (grey16(0, 0x2000, 0x3FFF), [BLACK, GREY, WHITE]),
    "8 bits in 16": (grey16(0, 128, 255), [BLACK, GREY, WHITE]),
    "32-bit grey holds 16-bit values": (
        Image.fromarray(np.array([[0x8000, 70_000, -5]], dtype=np.int32)),
        [GREY, WHITE, BLACK],
    ),
    "CMYK": (Image.new("CMYK", (1, 1), (0, 255, 255, 0)), [RED]),
    "YCbCr": (Image.new("YCbCr", (1, 1), (128, 128, 128)), [GREY]),
}


@pytest.mark.parametrize("case", MODES)
def test_every_colour_mode_becomes_what_a_viewer_shows(case: str) -> None:
    image, expected = MODES[case]
    found = shown(rgb.srgb(rgb.opaque(image), None))
    assert [tuple(pixel) for pixel in found[0].tolist()] == expected


SIGNIFICANT = {
    "what holds the largest value": (None, 4095, 12),
    "a value more takes two bits more": (None, 4096, 14),
    "nothing but black is 8 bits": (None, 0, 8),
    "a file that says 16 is dark on purpose": (16, 900, 16),
    "a file that says 12 and holds 12": (12, 900, 12),
    "a file that says 12 and scaled its values up, as PNG wants it": (12, 65_520, 16),
    "a file that says 11": (11, 2047, 11),
    "a file that says fewer than are shown": (4, 15, 8),
}


@pytest.mark.parametrize("case", SIGNIFICANT)
def test_how_many_bits_of_deep_grey_mean_something(case: str) -> None:
    declared, largest, bits = SIGNIFICANT[case]
    assert rgb.significant_bits(declared, largest) == bits


SAVED = {
    "16-bit PNG": (Image.fromarray(np.full((40, 40), 0x8000, np.uint16)), "PNG", GREY),
    "16-bit TIFF": (Image.fromarray(np.full((40, 40), 0x8000, np.uint16)), "TIFF", GREY),
    "palette PNG with a transparent colour": (
        palette_with_clear_colour()
        .resize((40, 40), Image.Resampling.NEAREST)
        .crop((20, 0, 40, 20)),
        "PNG",
        WHITE,
    ),
    "palette GIF": (Image.new("RGB", (40, 40), RED).quantize(4), "GIF", RED),
    "alpha WebP": (Image.new("RGBA", (40, 40), (0, 0, 0, 0)), "WEBP", WHITE),
    "alpha AVIF": (Image.new("RGBA", (40, 40), (0, 0, 0, 0)), "AVIF", WHITE),
    "AVIF": (Image.new("RGB", (40, 40), RED), "AVIF", RED),
    "grey AVIF": (Image.new("L", (40, 40), 128), "AVIF", GREY),
    "CMYK JPEG": (Image.new("CMYK", (40, 40), (0, 0, 0, 255)), "JPEG", BLACK),
    "CMYK TIFF": (Image.new("CMYK", (40, 40), (0, 255, 255, 0)), "TIFF", RED),
    "L*a*b* TIFF": (Image.new("LAB", (40, 40), (255, 128, 128)), "TIFF", WHITE),
    "grey JPEG": (Image.new("L", (40, 40), 128), "JPEG", GREY),
}


@pytest.mark.parametrize("case", SAVED)
def test_every_colour_mode_survives_its_file_format(case: str) -> None:
    image, file_format, colour = SAVED[case]
    found = resized(pictures.encoded(image, file_format)).astype(int)
    # A JPEG may be a shade off.
    assert np.abs(found - np.array(colour)).max() <= 2


@pytest.mark.parametrize(("mode", "file_format"), [("RGBA", "PNG"), ("I;16", "PNG"), ("LA", "PNG")])
def test_strips_join_without_a_seam(
    mode: str, file_format: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    random = np.random.default_rng(0)
    if mode == "I;16":
        image = Image.fromarray(random.integers(0, 65536, (50, 40), dtype=np.uint16))
    else:
        channels = len(Image.new(mode, (1, 1)).getbands())
        values = random.integers(0, 256, (50, 40, channels), dtype=np.uint8)
        image = Image.fromarray(values.squeeze())
    whole = resized(pictures.encoded(image, file_format))
    monkeypatch.setattr(rgb, "STRIP_PIXELS", 7 * 40)
    assert np.array_equal(resized(pictures.encoded(image, file_format)), whole)
