"""The thresholds for drift are exceeded by chance as often as they say, and by a shift far more."""

from dataclasses import replace

import numpy as np
import pytest
from dandelion_training.evaluate.figures.drift import (
    DriftThresholds,
    ServedAnswers,
    Statistic,
    by_chance,
    distances,
    drift_thresholds,
    jointly,
    lowness,
    mean_distances,
    resampled,
)
from dandelion_training.evaluate.figures.reference import reference_answers, served_answers
from given.processors import printed_by_each
from numpy.typing import NDArray
from scipy.stats import ks_2samp

CLASSES = ("ant", "bee", "wasp")
Chance = np.random.Generator
Places = NDArray[np.int64]


def drawn(
    chance: Chance, images: int, sureness: float = 4, shares: tuple[float, ...] = (1, 1, 1)
) -> ServedAnswers:
    """Of a network that is right nearly always."""
    logits = chance.normal(size=(images, 3))
    truth = chance.choice(3, images, p=np.array(shares) / sum(shares))
    logits[np.arange(images), truth] += sureness
    features = chance.normal(size=(images, 20)) / np.sqrt(20)
    density = -np.square(features).sum(axis=1) / 2
    return served_answers(
        logits.astype(np.float32),
        CLASSES,
        1.0,
        density.astype(np.float32),
        features.astype(np.float32),
    )


def together(one: ServedAnswers, other: ServedAnswers) -> ServedAnswers:
    assert one.log_density is not None
    assert other.log_density is not None
    assert one.features is not None
    assert other.features is not None
    whole = ServedAnswers(
        {
            name: np.concatenate([values, other.probability[name]])
            for name, values in one.probability.items()
        },
        np.concatenate([one.confidence, other.confidence]),
        np.concatenate([one.log_density, other.log_density]),
        np.concatenate([one.features, other.features]),
    )
    return whole.first(len(whole.confidence))


def alarms(
    told: DriftThresholds, holdout: ServedAnswers, later: ServedAnswers, size: int
) -> NDArray[np.bool_]:
    """Of windows of so many later answers that follow one another."""
    known, images = len(holdout.confidence), len(later.confidence)
    windows = known + np.arange(images).reshape(-1, size)
    references = np.zeros((len(windows), known + images), np.int32)
    references[:, :known] = 1
    scores = resampled(together(holdout, later), references, windows)
    return np.any([scores[each] > most for each, most in told.windows[size].items()], axis=0)


@pytest.mark.parametrize("images", [50, 400])
def test_so_many_windows_are_false_alarms_as_is_told(images: int) -> None:
    """Over many holdouts: a single one may be unlike the rest of the world by chance."""
    found = []
    for seed in range(40):
        chance = np.random.default_rng(seed)
        holdout = drawn(chance, images)
        told = drift_thresholds(holdout, windows=[50], rate=0.05, replicates=1000)
        found.append(alarms(told, holdout, drawn(chance, 50 * 50), 50).mean())
    assert 0.02 < np.mean(found) < 0.08


@pytest.mark.parametrize(
    ("sureness", "shares"),
    [
        pytest.param(1.5, (1, 1, 1), id="less sure"),
        pytest.param(4, (4, 1, 1), id="another class mix"),
    ],
)
def test_a_shift_is_noticed_within_100_answers(sureness: float, shares: tuple[float, ...]) -> None:
    chance = np.random.default_rng(0)
    holdout = drawn(chance, 400)
    later = drawn(chance, 5000, sureness, shares)
    assert alarms(drift_thresholds(holdout, replicates=1000), holdout, later, 100).mean() > 0.9


def test_images_unlike_those_that_were_learnt_from_are_noticed_by_the_log_density() -> None:
    chance = np.random.default_rng(0)
    holdout, later = drawn(chance, 400), drawn(chance, 5000)
    assert later.log_density is not None
    strange = replace(later, log_density=later.log_density * 1.4)
    told = drift_thresholds(holdout, replicates=1000)
    assert alarms(told, holdout, strange, 100).mean() > 0.9


def test_images_that_all_differ_in_one_thing_are_noticed_by_the_features() -> None:
    """However little: by half a deviation of one of 20, which no length tells."""
    chance = np.random.default_rng(0)
    holdout, later = drawn(chance, 400), drawn(chance, 5000)
    assert later.features is not None
    shifted = replace(later, features=later.features + np.eye(20)[0] * 0.5 / np.sqrt(20))
    told = drift_thresholds(holdout, replicates=1000)
    assert alarms(told, holdout, later, 100).mean() < 0.1
    assert alarms(told, holdout, shifted, 100).mean() > 0.5


def test_the_distance_of_means_is_that_of_the_windows_to_the_references() -> None:
    chance = np.random.default_rng(1)
    values = chance.normal(size=(9, 4))
    references = np.array([[1, 1, 1, 1, 0, 0, 0, 0, 0], [1, 0, 1, 0, 0, 0, 0, 0, 0]], np.int32)
    windows = np.array([[4, 5, 6], [8, 1, 7]])
    first = values[4:7].mean(axis=0) - values[:4].mean(axis=0)
    second = (values[8] + values[1] + values[7]) / 3 - (values[0] + values[2]) / 2
    expected = [np.linalg.norm(first), np.linalg.norm(second)]
    assert mean_distances(values, references, windows) == pytest.approx(expected)


def test_the_distance_is_that_of_kolmogorov_and_smirnov_to_a_64th() -> None:
    chance = np.random.default_rng(1)
    values = np.round(chance.normal(size=700), 1)  # many are equal
    windows = 500 + np.array([np.arange(200), chance.integers(200, size=200)])
    references = np.repeat([np.arange(700) < 500], 2, axis=0).astype(np.int32)
    found = distances(values, references, windows)
    for told, window in zip(found, windows, strict=True):
        whole = ks_2samp(values[:500], values[window]).statistic
        assert whole - 1 / 64 - 1e-9 <= told <= whole + 1e-9


def test_lower_values_than_the_references_count_by_their_rarity() -> None:
    values = np.arange(129.0)
    references = np.repeat([np.arange(129) < 128], 3, axis=0).astype(np.int32)
    windows = np.array([[127] * 4, [0] * 4, [64, 64, 127, 127]])
    highest, lowest, half = lowness(values, references, windows)
    assert highest == pytest.approx(0)
    assert lowest == pytest.approx(np.log(65))
    assert half == pytest.approx(np.log(65 / 33) / 2)


def test_statistics_that_say_the_same_need_no_correction_and_others_a_full_one() -> None:
    chance = np.random.default_rng(0)
    one, other = chance.normal(size=(2, 20_000))
    alike = jointly(np.column_stack([one, one]), 0.05)
    apart = jointly(np.column_stack([one, other]), 0.05)
    assert (one > alike[0]).mean() == pytest.approx(0.05, abs=1e-3)
    assert (one > apart[0]).mean() == pytest.approx(1 - np.sqrt(0.95), abs=2e-3)
    assert ((one > apart[0]) | (other > apart[1])).mean() == pytest.approx(0.05, abs=1e-3)


@pytest.mark.parametrize(
    ("images", "windows"), [(1, []), (19, []), (20, [20]), (99, [20, 50]), (100, [20, 50, 100])]
)
def test_a_window_larger_than_the_holdout_has_no_threshold(images: int, windows: list[int]) -> None:
    told = drift_thresholds(drawn(np.random.default_rng(0), images), replicates=100)
    assert list(told.windows) == windows


def test_the_fewer_images_the_holdout_has_the_higher_are_the_thresholds() -> None:
    few, many = (drawn(np.random.default_rng(0), images) for images in (50, 1500))
    low, high = (drift_thresholds(answers, [50]).windows[50] for answers in (many, few))
    assert all(low[each] < high[each] for each in Statistic)


@pytest.mark.parametrize("images", [25, 100])
def test_of_more_features_than_images_as_many_windows_are_false_alarms(images: int) -> None:
    """Images that resampling draws twice would make the threshold one that nothing exceeds."""
    found = []
    for seed in range(40):
        chance = np.random.default_rng(seed)
        features = chance.normal(size=(images + 400, 200)) / np.sqrt(200)
        logits = np.zeros((images, 2), np.float32)
        holdout = served_answers(logits, CLASSES[:2], 1.0, None, features[:images].astype("f4"))
        by_features = by_chance(holdout, [20], 1000)[20][Statistic.FEATURES]
        windows = images + np.arange(400).reshape(20, 20)
        references = np.zeros((20, len(features)), np.int32)
        references[:, :images] = 1
        scores = mean_distances(features, references, windows)
        found.append((scores > np.quantile(by_features, 0.95)).mean())
    assert 0.02 < np.mean(found) < 0.1


def test_a_model_without_log_density_and_features_has_no_thresholds_for_them() -> None:
    answers = drawn(np.random.default_rng(0), 100)
    without = replace(answers, log_density=None, features=None)
    for thresholds in drift_thresholds(without, replicates=100).windows.values():
        assert list(thresholds) == [Statistic.PROBABILITIES, Statistic.CONFIDENCE]


def test_the_same_answers_have_the_same_thresholds() -> None:
    answers = drawn(np.random.default_rng(0), 100)
    one, other = (drift_thresholds(answers, replicates=300) for _ in range(2))
    assert one == other


def test_every_process_gives_the_same_distances_of_means() -> None:
    one, other = printed_by_each(
        """
import numpy
from dandelion_training.evaluate.figures.drift import mean_distances
chance = numpy.random.default_rng(0)
features = chance.normal(size=(500, 128)) / 16
windows = chance.integers(500, size=(50, 100))
print(mean_distances(features, numpy.ones((50, 500), numpy.int32), windows).tolist())
"""
    )
    assert one == other


def test_the_reference_is_rounded_as_what_is_resampled() -> None:
    answers = drawn(np.random.default_rng(0), 300)
    rounded = answers.first(300)
    assert set(reference_answers(answers).confidence) <= set(rounded.confidence.tolist())
