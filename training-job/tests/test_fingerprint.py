"""Copies of one picture are found, and different pictures are kept apart."""

import io
from collections.abc import Callable

import numpy as np
import pytest
from dandelion_training.data.images.fingerprint import (
    MAXIMUM_BITS,
    MAXIMUM_GREY,
    fingerprint,
    groups,
)
from fakes import encoded
from PIL import Image


def scene(seed: int, side: int = 200) -> Image.Image:
    """Something like a photo: large soft shapes."""
    coarse = np.random.default_rng(seed).integers(0, 255, (9, 9, 3)).astype(np.uint8)
    return Image.fromarray(coarse).resize((side, side), Image.Resampling.BICUBIC)


def reopened(content: bytes) -> Image.Image:
    return Image.open(io.BytesIO(content)).convert("RGB")


COPIES: dict[str, Callable[[Image.Image], Image.Image]] = {
    "saved again as a JPEG of quality 40": lambda i: reopened(encoded(i, "JPEG", quality=40)),
    "scaled to half": lambda i: i.resize((i.width // 2, i.height // 2)),
    "scaled to double": lambda i: i.resize((i.width * 2, i.height * 2)),
    "saved as WebP": lambda i: reopened(encoded(i, "WEBP", quality=60)),
}


@pytest.mark.parametrize("how", COPIES)
def test_a_copy_is_a_near_duplicate(how: str) -> None:
    original = scene(1)
    assert groups([fingerprint(original), fingerprint(COPIES[how](original))]) == [0, 0]


OTHERS: dict[str, Callable[[Image.Image], Image.Image]] = {
    "another scene": lambda i: scene(2),
    "the same scene mirrored": lambda i: i.transpose(Image.Transpose.FLIP_LEFT_RIGHT),
    "the negative": lambda i: i.point(lambda v: 255 - v),
}


@pytest.mark.parametrize("what", OTHERS)
def test_something_else_is_not(what: str) -> None:
    original = scene(1)
    assert groups([fingerprint(original), fingerprint(OTHERS[what](original))]) == [0, 1]


def test_flat_pictures_of_different_brightness_are_different() -> None:
    flat = [Image.new("RGB", (32, 32), (v, v, v)) for v in (10, 60, 110)]
    assert groups([fingerprint(image) for image in flat]) == [0, 1, 2]


def test_links_make_one_group_in_any_order() -> None:
    near = [Image.new("RGB", (32, 32), (v, v, v)) for v in (100, 102, 104)]
    prints = [fingerprint(image) for image in near]
    assert groups(prints) == [0, 0, 0]
    assert groups([prints[2], prints[0], prints[1]]) == [0, 0, 0]


def test_the_search_finds_every_pair_that_comparing_all_with_all_finds() -> None:
    chance = np.random.default_rng(0)
    scenes = [scene(int(s), 64) for s in chance.integers(0, 25, 80)]
    prints = [
        fingerprint(i.point(lambda v, k=k: min(255, v + k % 5))) for k, i in enumerate(scenes)
    ]
    expected = list(range(len(prints)))
    for a in range(len(prints)):
        for b in range(a):
            bits = np.frombuffer(prints[a].bits, np.uint8) ^ np.frombuffer(prints[b].bits, np.uint8)
            grey = np.frombuffer(prints[a].thumbnail, np.uint8).astype(int) - np.frombuffer(
                prints[b].thumbnail, np.uint8
            )
            if np.bitwise_count(bits).sum() <= MAXIMUM_BITS and abs(grey).mean() <= MAXIMUM_GREY:
                old, new = max(expected[a], expected[b]), min(expected[a], expected[b])
                expected = [new if number == old else number for number in expected]
    assert groups(prints) == expected
