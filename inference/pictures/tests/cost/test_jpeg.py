"""JPEG: what is decoded counts, not what the header claims."""

from __future__ import annotations

from typing import Any

import crafted
import pictures
import pytest
from dandelion_pictures import Kind, Preprocessing
from opening import MUCH, READER, SMALL, pending, refusal
from PIL import Image


def jpeg(width: int, height: int, **options: Any) -> bytes:
    return pictures.encoded(Image.new("RGB", (width, height)), "JPEG", **options)


def test_a_jpeg_is_counted_at_the_scale_it_is_decoded_at() -> None:
    large, eighth = crafted.resized_jpeg(20_000, 16_000), crafted.resized_jpeg(2500, 2000)
    whole = Preprocessing(2000, 2000, 1 / 255, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    assert pending(large).size == (20_000, 16_000)
    assert pending(large).cost.memory < READER.open(eighth, whole).cost.memory


def test_a_photo_of_200_megapixels_is_read() -> None:
    image = pending(crafted.flat_jpeg(16_320, 12_240))
    assert image.cost.memory < MUCH
    assert set(image.resized().get_flattened_data()) == {(128, 128, 128)}


def test_a_jpeg_whose_eighth_is_too_large_is_refused() -> None:
    assert refusal(crafted.resized_jpeg(65_000, 65_000)).kind is Kind.TOO_LARGE


def test_a_jpeg_is_counted_as_large_as_the_network_wants_it() -> None:
    wanted = Preprocessing(3000, 3000, 1 / 255, (0.5, 0.5, 0.5), (0.5, 0.5, 0.5))
    data = crafted.resized_jpeg(8_000, 8_000)
    assert READER.open(data, wanted).cost.memory > 64_000_000 * 4
    assert pending(data).cost.memory < 1_000_000 * 10


@pytest.mark.parametrize(
    ("subsampling", "samples"), [("4:4:4", 3.0), ("4:2:2", 2.0), ("4:2:0", 1.5)]
)
def test_a_progressive_jpeg_holds_all_of_its_coefficients(subsampling: str, samples: float) -> None:
    plain = jpeg(1600, 1200, subsampling=subsampling)
    cost = pending(jpeg(1600, 1200, progressive=True, subsampling=subsampling)).cost
    more = cost.memory - pending(plain).cost.memory
    assert 0.99 < more / (1600 * 1200 * samples * 2) < 1.01
    assert cost.passes == "10 scans"
    assert cost.work > 10 * 1600 * 1200


def test_a_baseline_jpeg_in_several_scans_is_counted_as_the_progressive_one_that_it_is() -> None:
    plain = jpeg(1600, 1200)
    at = plain.index(b"\xff\xda")
    # A first scan of one component makes the decoder wait for the others.
    alone = plain[:at] + b"\xff\xda\0\x08\x01\x01\x00\x00\x3f\x00" + plain[at + 14 :]
    assert pending(alone).cost.memory > pending(plain).cost.memory + 1600 * 1200 * 3 - 100


def test_a_progressive_jpeg_of_phones_is_read_and_one_of_gigapixels_is_not() -> None:
    assert pending(crafted.resized_jpeg(8160, 6120, progressive=True)).cost.memory > MUCH
    refused = refusal(crafted.resized_jpeg(20_000, 16_000, progressive=True))
    assert refused.kind is Kind.TOO_LARGE


def test_a_jpeg_of_thousands_of_scans_is_refused() -> None:
    refused = refusal(crafted.many_scans(6000, 6000, 3000))
    assert refused.kind is Kind.TOO_LARGE
    assert "3000 scans" in refused.words


def test_many_scans_of_a_small_picture_do_no_harm() -> None:
    assert READER.tensor(crafted.many_scans(64, 64, 100), SMALL).shape == (1, 3, 32, 32)


@pytest.mark.parametrize(
    "data",
    [
        b"\xff\xd8" + b"\xff\xe1\0\2" * 1_000_000,
        pictures.plain(file_format="JPEG")[:-2] + b"\xff\x01\xff\xfe\0\2" * 1_000_000,
    ],
    ids=["before the pixels", "behind them"],
)
def test_a_jpeg_of_segments_without_end_is_given_up(data: bytes) -> None:
    assert refusal(data).kind is Kind.BROKEN
