"""TIFF: strips and tiles count as often as they are named, with the bytes that each goes over."""

from __future__ import annotations

import crafted
import pictures
import pytest
from dandelion_pictures import Kind
from opening import READER, SMALL, pending, refusal
from PIL import Image


def test_a_tile_that_is_larger_than_the_picture_is_counted() -> None:
    refused = refusal(crafted.tiled_tiff(64, 64, 16_384))
    assert refused.kind is Kind.TOO_LARGE
    assert "it has 4096 pixels" in refused.words


def test_a_strip_that_is_unpacked_whole_is_counted_beside_the_picture() -> None:
    whole = {256: 5_000, 257: 5_000, 278: 5_000}
    plain, packed = crafted.tiff(whole), crafted.tiff(whole | {259: 8})
    deep = crafted.tiff(whole | {258: 16, 277: 3, 259: 8})
    assert pending(packed).cost.memory > pending(plain).cost.memory + 25_000_000 * 3
    assert pending(deep).cost.memory > pending(packed).cost.memory + 25_000_000 * 2


def test_the_scans_of_a_jpeg_within_a_tiff_are_counted() -> None:
    plain = pictures.encoded(Image.new("RGB", (3000, 3000)), "TIFF", compression="jpeg")
    assert READER.tensor(plain, SMALL).shape == (1, 3, 32, 32)
    assert pending(plain).cost.passes == ""


@pytest.mark.parametrize("compression", ["jpeg", "tiff_lzw", "raw"])
def test_a_tiff_of_many_strips_is_ordinary(compression: str) -> None:
    options = {"tiffinfo": {278: 8}, "compression": compression}
    data = pictures.encoded(Image.new("RGB", (2000, 2000)), "TIFF", **options)
    one = pictures.encoded(Image.new("RGB", (2000, 2000)), "TIFF", compression=compression)
    assert pending(data).cost.work < 2 * pending(one).cost.work
    assert READER.tensor(data, SMALL).shape == (1, 3, 32, 32)
