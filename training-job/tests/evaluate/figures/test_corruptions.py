"""Corruptions harm a picture by degrees, and harm it the same way every time."""

import hashlib
from collections.abc import Iterator

import numpy as np
import pytest
from dandelion_training.evaluate.figures.corruptions import (
    STRENGTHS,
    Corruption,
    Example,
    Pixels,
    corrupted,
    robustness,
)
from numpy.typing import NDArray

CASES = [(kind, strength) for kind, three in STRENGTHS.items() for strength in three]


def picture(height: int = 48, width: int = 64, seed: int = 0) -> Pixels:
    """Stripes and dots, neither black nor white anywhere."""
    chance = np.random.default_rng(seed)
    stripes = 60 + 120 * ((np.arange(width) // 6) % 2)[np.newaxis, :, np.newaxis]
    return (stripes + chance.integers(0, 20, (height, width, 3))).astype(np.uint8)


def name(number: int) -> str:
    return hashlib.sha256(str(number).encode()).hexdigest()


@pytest.mark.parametrize(("kind", "strength"), CASES)
def test_the_same_image_is_harmed_the_same_way(kind: Corruption, strength: float) -> None:
    pixels = picture()
    before = pixels.copy()
    once = corrupted(pixels, kind, strength, name(1))
    assert once.shape == pixels.shape
    assert once.dtype == np.uint8
    assert np.array_equal(once, corrupted(pixels, kind, strength, name(1)))
    assert np.array_equal(pixels, before)
    assert not np.array_equal(once, pixels)


@pytest.mark.parametrize("kind", list(Corruption))
def test_a_stronger_harm_changes_more(kind: Corruption) -> None:
    pixels = picture().astype(int)
    changed = [
        np.abs(corrupted(picture(), kind, strength, name(1)).astype(int) - pixels).mean()
        for strength in STRENGTHS[kind]
    ]
    assert changed[0] < changed[1] < changed[2]


def test_other_images_meet_other_noise_and_some_turn_darker_some_brighter() -> None:
    flat = np.full((16, 16, 3), 128, np.uint8)
    assert not np.array_equal(
        corrupted(flat, Corruption.NOISE, 0.1, name(1)),
        corrupted(flat, Corruption.NOISE, 0.1, name(2)),
    )
    shifts = {int(corrupted(flat, Corruption.BRIGHTNESS, 0.2, name(n)).mean()) for n in range(20)}
    assert shifts == {128 - 51, 128 + 51}


def test_harm_stays_within_what_a_pixel_can_be() -> None:
    for kind, strength in CASES:
        for value in (0, 255):
            flat = np.full((16, 16, 3), value, np.uint8)
            assert abs(int(corrupted(flat, kind, strength, name(3)).mean()) - value) < 100


def examples(count: int) -> Iterator[Example]:
    """Class 1 is bright, class 0 dark."""
    for number in range(count):
        label = number % 2
        yield Example(name(number), label, np.full((8, 8, 3), 100 + 60 * label, np.uint8))


def bright(pixels: Pixels) -> NDArray[np.float32]:
    mean = pixels.mean(axis=(1, 2, 3))
    return np.stack([130 - mean, mean - 130], axis=1).astype(np.float32)


def test_accuracy_by_corruption_shows_what_a_model_cannot_stand() -> None:
    found = robustness(bright, examples(100))
    assert found is not None
    assert (found.images, found.clean) == (100, 1.0)
    assert found.accuracy[Corruption.BLUR] == (1, 1, 1)
    assert found.accuracy[Corruption.JPEG] == (1, 1, 1)
    weak, _, strong = found.accuracy[Corruption.BRIGHTNESS]
    assert weak == 1
    assert 0.3 < strong < 0.7  # dark ones that got brighter, bright ones that got darker


def test_no_more_images_are_taken_than_asked_for() -> None:
    source = examples(1000)
    found = robustness(bright, source, at_most=40)
    assert found is not None
    assert found.images == 40
    assert next(source).sha256 == name(40)


def test_without_images_there_is_no_figure() -> None:
    assert robustness(bright, []) is None
