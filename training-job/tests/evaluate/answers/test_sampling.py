"""A sample is the same whoever asks, and in whatever order."""

import hashlib

from dandelion_training.evaluate.answers.sampling import sample

NAMES = [hashlib.sha256(bytes([n])).hexdigest() for n in range(200)]


def test_a_sample_depends_on_the_images_alone() -> None:
    found = sample(NAMES, 20, "robustness")
    assert len(found) == 20
    assert found == sample(reversed(NAMES), 20, "robustness")
    assert found != sample(NAMES, 20, "calibration")


def test_a_new_image_displaces_one_at_most() -> None:
    assert len(sample(NAMES[:-1], 20, "robustness") - sample(NAMES, 20, "robustness")) <= 1


def test_a_small_holdout_is_taken_whole() -> None:
    assert sample(NAMES, 1000, "robustness") == frozenset(NAMES)
