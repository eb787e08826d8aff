"""Wrong labels are found among right ones."""

import numpy as np
from dandelion_training.evaluate.labels.suspected import suspected_labels
from sklearn.datasets import load_digits


def digits_with_flipped_labels(share: float) -> tuple[np.ndarray, np.ndarray, set[int]]:
    pixels, labels = load_digits(return_X_y=True)
    chance = np.random.default_rng(7)
    flipped = chance.choice(len(labels), int(share * len(labels)), replace=False)
    labels = labels.copy()
    labels[flipped] = (labels[flipped] + chance.integers(1, 10, len(flipped))) % 10
    return pixels.astype(np.float32), labels, set(flipped.tolist())


def test_five_per_cent_of_flipped_digits_are_found_first() -> None:
    pixels, labels, flipped = digits_with_flipped_labels(0.05)
    found = [
        s.image
        for s in suspected_labels(pixels, labels.tolist(), 10, seed=0, most=2 * len(flipped))
    ]
    assert len(flipped & set(found[:50])) >= 0.8 * 50
    assert len(flipped & set(found)) >= 0.8 * len(flipped)


def test_suggests_the_class_the_image_looks_like() -> None:
    pixels, labels, flipped = digits_with_flipped_labels(0.05)
    truth = load_digits(return_X_y=True)[1]
    first = suspected_labels(pixels, labels.tolist(), 10, seed=0, most=50)
    right = sum(s.suggested == truth[s.image] for s in first if s.image in flipped)
    assert right >= 40


def test_order_of_images_does_not_matter_for_how_many_are_listed() -> None:
    pixels, labels, _ = digits_with_flipped_labels(0.0)
    assert len(suspected_labels(pixels, labels.tolist(), 10, seed=0, most=5)) <= 5


def test_suspects_nothing_where_there_is_too_little_to_learn_from() -> None:
    features = np.eye(4, dtype=np.float32)
    assert suspected_labels(features, [0, 1, 0, 1], 2, seed=0, most=10) == []


def test_class_without_images_is_never_suggested_over_the_right_one() -> None:
    chance = np.random.default_rng(0)
    labels = np.repeat([0, 2], 50)
    features = chance.normal(size=(100, 3)).astype(np.float32)
    features[:, 0] += 10 * labels
    assert suspected_labels(features, labels.tolist(), 3, seed=0, most=10) == []
