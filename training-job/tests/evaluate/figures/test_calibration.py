"""Temperature, calibration error and the threshold for unknown, where the right answer is known."""

import numpy as np
import pytest
from dandelion_training.evaluate.figures.calibration import (
    Floats,
    Labels,
    Logits,
    UnknownScore,
    calibrated,
    confidences,
    expected_calibration_error,
    fitted_temperature,
    unknown_scores,
    unknown_threshold,
)
from hypothesis import given, settings
from hypothesis import strategies as st


def overconfident(images: int, classes: int, factor: float, seed: int = 0) -> tuple[Logits, Labels]:
    """Logits whose true probabilities are those of softmax(logits / factor)."""
    chance = np.random.default_rng(seed)
    honest = chance.normal(0, 2, (images, classes))
    labels = (honest + chance.gumbel(size=honest.shape)).argmax(axis=1)
    return (honest * factor).astype(np.float32), labels


def log_loss(logits: Logits, labels: Labels, temperature: float) -> float:
    scaled = logits.astype(np.float64) / temperature
    scaled -= scaled.max(axis=1, keepdims=True)
    own = scaled[np.arange(len(labels)), labels]
    return float((np.log(np.exp(scaled).sum(axis=1)) - own).mean())


@pytest.mark.parametrize("factor", [0.4, 1.0, 3.0])
def test_the_temperature_is_the_factor_by_which_a_model_is_too_sure(factor: float) -> None:
    logits, labels = overconfident(20_000, 5, factor)
    assert fitted_temperature(logits, labels) == pytest.approx(factor, rel=0.05)


@settings(deadline=None)
@given(st.integers(0, 1000), st.integers(2, 9), st.floats(0.2, 8))
def test_no_other_temperature_explains_the_holdout_better(
    seed: int, classes: int, factor: float
) -> None:
    logits, labels = overconfident(300, classes, factor, seed)
    found = fitted_temperature(logits, labels)
    best = log_loss(logits, labels, found)
    for other in (0.8, 0.95, 1.05, 1.25):
        # The little that every target gives to all classes shifts the minimum by that little.
        assert best <= log_loss(logits, labels, found * other) + 2e-3


def test_a_holdout_without_mistakes_does_not_make_a_model_certain() -> None:
    logits = np.tile(np.array([[2.0, 0.0]], np.float32), (40, 1))
    temperature = fitted_temperature(logits, np.zeros(40, np.int64))
    assert 0.9 < confidences(logits, temperature)[0] < 0.999


@pytest.mark.parametrize(
    ("logits", "labels"),
    [
        pytest.param([[1.0, 0.0]], [0], id="one image, answered rightly"),
        pytest.param([[1.0, 0.0]], [1], id="one image, answered wrongly"),
        pytest.param([[0.0, 0.0], [0.0, 0.0]], [0, 1], id="a model that says nothing"),
        pytest.param([[9e4, -9e4], [-9e4, 9e4]], [1, 0], id="sure of every wrong answer"),
        pytest.param([[5.0], [5.0]], [0, 0], id="a single class"),
    ],
)
def test_degenerate_holdouts_have_a_finite_calibration(
    logits: list[list[float]], labels: list[int]
) -> None:
    found = calibrated(np.array(logits, np.float32), np.array(labels))
    assert 0.05 <= found.temperature <= 20
    assert 0 <= found.ece_before <= 1
    assert 0 <= found.ece_after <= 1
    assert found.unknown_threshold is None


def by_hand(confidence: Floats, right: list[bool], bins: int) -> float:
    order = np.argsort(confidence)
    error = 0.0
    for part in np.array_split(order, bins):
        stated = sum(float(confidence[i]) for i in part)
        error += abs(stated - sum(right[i] for i in part)) / len(confidence)
    return error


def test_calibration_error_by_hand() -> None:
    confidence = np.array([0.9, 0.6, 0.8, 0.5])
    right = np.array([True, False, True, True])
    # Two bins: 0.5 and 0.6 with one right, 0.8 and 0.9 with two.
    expected = 0.5 * abs(0.55 - 0.5) + 0.5 * abs(0.85 - 1)
    assert expected_calibration_error(confidence, right, 2) == pytest.approx(expected)
    assert expected_calibration_error(confidence, right, 1) == pytest.approx(abs(0.7 - 0.75))


@settings(deadline=None)
@given(st.integers(0, 1000), st.integers(1, 15), st.integers(1, 20))
def test_calibration_error_has_bins_of_equally_many_images(
    seed: int, bins: int, images_a_bin: int
) -> None:
    chance = np.random.default_rng(seed)
    confidence = chance.random(bins * images_a_bin)
    right = chance.random(len(confidence)) < confidence
    found = expected_calibration_error(confidence, right, bins)
    assert found == pytest.approx(by_hand(confidence, right.tolist(), bins))


def test_the_order_of_equally_confident_images_changes_no_error() -> None:
    confidence = np.array([0.5] * 10 + [0.9] * 10)
    right = np.array([True, False] * 10)
    shuffled = np.random.default_rng(0).permutation(20)
    assert expected_calibration_error(confidence, right, 4) == pytest.approx(
        expected_calibration_error(confidence[shuffled], right[shuffled], 4)
    )


def test_a_model_that_is_too_sure_is_mended() -> None:
    found = calibrated(*overconfident(3000, 5, 4.0))
    assert found.bins == 15
    assert found.images == 3000
    assert found.ece_before > 0.15
    assert found.ece_after < 0.05


def test_the_reported_error_is_of_images_that_the_temperature_was_not_fitted_on() -> None:
    """Fitted to the very images it is measured on, the error looks smaller than it is."""
    flattering, reported = [], []
    for seed in range(200):
        logits, labels = overconfident(30, 3, 2.0, seed)
        right = logits.argmax(axis=1) == labels
        temperature = fitted_temperature(logits, labels)
        flattering.append(
            expected_calibration_error(confidences(logits, temperature), right, bins=3)
        )
        reported.append(calibrated(logits, labels).ece_after)
    assert np.mean(reported) > np.mean(flattering)


def test_an_image_is_unknown_to_a_model_that_doubts_or_has_seen_nothing_like_it() -> None:
    logits = np.array([[9.0, 0], [9, 0], [0, 0]], np.float32)
    log_density = np.array([-0.5, -5, -0.5], np.float32)
    usual, unlike, doubted = unknown_scores(logits, 1.0, log_density)
    assert usual == pytest.approx(0.5, abs=1e-3)
    assert (unlike, doubted) == (pytest.approx(-4, abs=1e-3), pytest.approx(0))
    assert unknown_scores(logits, 1.0, None).tolist() == confidences(logits, 1.0).tolist()


@pytest.mark.parametrize("has_log_density", [False, True])
def test_the_threshold_is_one_of_the_score_that_is_named(has_log_density: bool) -> None:
    logits, labels = overconfident(200, 3, 2.0)
    log_density = np.random.default_rng(0).normal(-0.5, 0.1, 200).astype(np.float32)
    found = calibrated(logits, labels, log_density if has_log_density else None)
    scores = confidences(logits, found.temperature) + (log_density if has_log_density else 0)
    names = (UnknownScore.MAX_PROBABILITY, UnknownScore.WITH_LOG_DENSITY)
    assert found.unknown_score is names[has_log_density]
    assert found.unknown_threshold is not None
    assert (scores >= found.unknown_threshold).mean() == pytest.approx(0.955)
    assert found.unknown_kept == pytest.approx(0.955)


@pytest.mark.parametrize("images", [19, 40, 100, 999])
def test_the_threshold_keeps_95_percent(images: int) -> None:
    confidence = np.random.default_rng(0).random(images)
    threshold = unknown_threshold(confidence)
    assert threshold is not None
    assert (confidence >= threshold).mean() >= 0.95 - 1 / images
    assert (confidence < threshold + 2e-6).sum() == int((images + 1) * 0.05 + 1e-9)


def test_new_images_are_kept_as_often_as_promised() -> None:
    chance = np.random.default_rng(0)
    kept = []
    for _ in range(2000):
        threshold = unknown_threshold(chance.random(59) ** 2)
        assert threshold is not None
        kept.append(1 - np.sqrt(threshold))
    assert np.mean(kept) == pytest.approx(0.95, abs=0.003)


def test_too_few_images_give_no_threshold() -> None:
    assert unknown_threshold(np.linspace(0, 1, 18)) is None


def test_two_thousand_classes_are_calibrated_too() -> None:
    logits, labels = overconfident(500, 2000, 2.0)
    assert calibrated(logits, labels).temperature == pytest.approx(2.0, rel=0.15)
