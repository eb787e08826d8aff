"""Decoding and preprocessing, against what the contract says they are."""

from __future__ import annotations

import io
from contextlib import suppress

import crafted
import hostile
import numpy as np
import pictures
import pytest
from dandelion_inference.pictures.errors import Kind, Unreadable
from dandelion_inference.pictures.preprocessing import Preprocessing
from dandelion_inference.pictures.reader import Reader
from dandelion_inference.pictures.rgb import to_rgb
from numpy.typing import NDArray
from PIL import Image

MEAN = (0.485, 0.456, 0.406)
STD = (0.229, 0.224, 0.225)
AS_TRAINED = Preprocessing(resize_short_side=36, center_crop=32, scale=1 / 255, mean=MEAN, std=STD)
READER = Reader(max_pixels=50_000_000)


def shown(image: Image.Image) -> NDArray[np.uint8]:
    return np.asarray(image, dtype=np.uint8)


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


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "TIFF"])
@pytest.mark.parametrize("orientation", ORIENTATIONS)
def test_a_rotated_photo_is_turned_upright(orientation: int, file_format: str) -> None:
    stored = pictures.noise((50, 40))
    exif = Image.Exif()
    exif[0x0112] = orientation
    options = {"exif": exif} | ({"lossless": True} if file_format == "WEBP" else {})
    data = pictures.encoded(stored, file_format, **options)
    if file_format == "JPEG":  # the one that does not keep every pixel as it was
        with Image.open(io.BytesIO(data)) as again:
            stored = again.convert("RGB")
    upright = Image.fromarray(ORIENTATIONS[orientation](shown(stored)))
    expected = READER.tensor(pictures.encoded(upright), AS_TRAINED)
    assert np.array_equal(READER.tensor(data, AS_TRAINED), expected)


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


RED, WHITE, BLACK, GREY = (255, 0, 0), (255, 255, 255), (0, 0, 0), (128, 128, 128)
MODES = {
    "transparency shows white, not what it hides": (half_clear(), [RED, WHITE]),
    "half transparency is a mix with white": (
        Image.new("RGBA", (1, 1), (0, 0, 0, 127)),
        [GREY],
    ),
    "grey with alpha": (Image.new("LA", (1, 1), (0, 0)), [WHITE]),
    "a palette": (two_colours().quantize(2), [RED, BLACK]),
    "a palette with a transparent colour": (palette_with_clear_colour(), [RED, WHITE]),
    "grey": (Image.new("L", (1, 1), 128), [GREY]),
    "black and white": (Image.new("1", (1, 1), 1), [WHITE]),
    "16-bit grey is scaled, not clipped": (grey16(0, 0x80FF, 0xFFFF), [BLACK, GREY, WHITE]),
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
    assert [tuple(pixel) for pixel in shown(to_rgb(image))[0].tolist()] == expected


SAVED = {
    "16-bit PNG": (Image.fromarray(np.full((40, 40), 0x8000, np.uint16)), "PNG", GREY),
    "16-bit TIFF": (Image.fromarray(np.full((40, 40), 0x8000, np.uint16)), "TIFF", GREY),
    "palette PNG with a transparent colour": (
        palette_with_clear_colour().resize((40, 40)),
        "PNG",
        None,
    ),
    "palette GIF": (Image.new("RGB", (40, 40), RED).quantize(4), "GIF", RED),
    "alpha WebP": (Image.new("RGBA", (40, 40), (0, 0, 0, 0)), "WEBP", WHITE),
    "CMYK JPEG": (Image.new("CMYK", (40, 40), (0, 0, 0, 255)), "JPEG", BLACK),
    "CMYK TIFF": (Image.new("CMYK", (40, 40), (0, 255, 255, 0)), "TIFF", RED),
    "grey JPEG": (Image.new("L", (40, 40), 128), "JPEG", GREY),
}


@pytest.mark.parametrize("case", SAVED)
def test_every_colour_mode_survives_its_file_format(case: str) -> None:
    image, file_format, colour = SAVED[case]
    tensor = READER.tensor(pictures.encoded(image, file_format), AS_TRAINED)
    if colour is not None:
        plain = READER.tensor(pictures.plain(colour, size=(40, 40)), AS_TRAINED)
        # A JPEG may be a shade off.
        assert np.allclose(tensor, plain, atol=0.02)


def test_floating_point_pixels_are_refused() -> None:
    image = Image.fromarray(np.zeros((40, 40), dtype=np.float32))
    with pytest.raises(Unreadable) as refused:
        READER.tensor(pictures.encoded(image, "TIFF"), AS_TRAINED)
    assert refused.value.kind is Kind.UNSUPPORTED


def test_the_size_is_checked_before_a_pixel_is_decoded() -> None:
    # 100 pixels too many, in a file whose data would fail at once if they were looked at.
    data = pictures.declared_png(1000, 1001, b"no pixels here")
    with pytest.raises(Unreadable) as refused:
        Reader(max_pixels=1_000_900).tensor(data, AS_TRAINED)
    assert refused.value.kind is Kind.TOO_LARGE
    assert "it has 1001000 pixels" in refused.value.words


@pytest.mark.parametrize(("file_format", "pixels"), [("PNG", 10_000), ("WEBP", 20_000)])
def test_an_image_of_exactly_the_limit_is_taken(file_format: str, pixels: int) -> None:
    data = pictures.plain(size=(100, 100), file_format=file_format)
    assert Reader(max_pixels=pixels).tensor(data, AS_TRAINED).shape == (1, 3, 32, 32)
    with pytest.raises(Unreadable) as refused:
        Reader(max_pixels=pixels - 1).tensor(data, AS_TRAINED)
    assert refused.value.kind is Kind.TOO_LARGE


@pytest.mark.parametrize(("mode", "file_format"), [("RGBA", "PNG"), ("I;16", "PNG"), ("L", "JPEG")])
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
    whole = shown(to_rgb(image))
    monkeypatch.setattr("dandelion_inference.pictures.rgb.STRIP_PIXELS", 7 * 40)
    assert np.array_equal(shown(to_rgb(image)), whole)


@pytest.mark.parametrize("file_format", ["JPEG", "PNG", "WEBP", "BMP", "GIF", "TIFF"])
def test_no_cut_or_flipped_byte_does_more_than_refuse(file_format: str) -> None:
    whole = pictures.encoded(pictures.noise((40, 30)), file_format)
    broken = [whole[:end] for end in range(0, len(whole), max(1, len(whole) // 60))]
    for position in range(0, len(whole), max(1, len(whole) // 60)):
        flipped = bytearray(whole)
        flipped[position] ^= 0xFF
        broken.append(bytes(flipped))
    for data in broken:
        with suppress(Unreadable):
            assert np.isfinite(READER.tensor(data, AS_TRAINED)).all()


ENDLESS = {
    "a JPEG of thousands of scans": (crafted.many_scans(6000, 6000, 3000), "3000 scans"),
    "a TIFF with a tile of 800 MB": (crafted.tiled_tiff(64, 64, 16_384), "268435456 pixels"),
}


@pytest.mark.parametrize("case", ENDLESS)
def test_a_small_file_that_decodes_without_end_is_refused(case: str) -> None:
    data, why = ENDLESS[case]
    with pytest.raises(Unreadable, match=why) as refusal:
        Reader(max_pixels=50_000_000).tensor(data, AS_TRAINED)
    assert refusal.value.kind is Kind.TOO_LARGE


def test_many_scans_of_a_small_picture_do_no_harm() -> None:
    assert READER.tensor(crafted.many_scans(64, 64, 100), AS_TRAINED).shape == (1, 3, 32, 32)


@pytest.mark.filterwarnings("ignore::UserWarning")  # as in the service
@pytest.mark.parametrize("name", [name for name, _ in hostile.rubbish() if "exif" in name])
def test_broken_exif_is_no_reason_to_refuse_a_picture(name: str) -> None:
    data = dict(hostile.rubbish())[name]
    assert READER.tensor(data, AS_TRAINED).shape == (1, 3, 32, 32)


def test_a_refusal_does_not_hold_the_picture() -> None:
    with pytest.raises(Unreadable) as refusal:
        READER.tensor(pictures.declared_png(64, 64), AS_TRAINED)
    assert refusal.value.__cause__ is None
    held = [frame.frame.f_locals for frame in refusal.traceback if "reader.py" in str(frame.path)]
    assert not any(isinstance(value, Image.Image) for scope in held for value in scope.values())
