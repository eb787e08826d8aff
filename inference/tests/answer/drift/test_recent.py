"""How far a window is from its thresholds, in units of them."""

from __future__ import annotations

import pytest
from dandelion_inference.answer.drift.recent import LARGEST_RATIO, LAST, Compared, RecentWindows
from dandelion_inference.model.reference import Statistic


def window(score: float, threshold: float = 0.5, time: float = 0) -> Compared:
    return Compared(time, {Statistic.CONFIDENCE: score}, {Statistic.CONFIDENCE: threshold})


@pytest.mark.parametrize(
    ("score", "threshold", "ratio", "exceeded"),
    [
        pytest.param(0.5, 0.5, 1, False, id="at its threshold"),
        pytest.param(1, 0.5, 2, True, id="twice as far"),
        pytest.param(0, 0.5, 0, False, id="not far at all"),
        pytest.param(-0.1, 0.5, 0, False, id="nearer than nothing"),
        pytest.param(1, 1e-9, LARGEST_RATIO, True, id="a threshold that is next to nothing"),
        pytest.param(1, 0, LARGEST_RATIO, True, id="none"),
        pytest.param(0, 0, 0, False, id="none, and at it"),
    ],
)
def test_a_score_is_told_in_units_of_its_threshold(
    score: float, threshold: float, ratio: float, exceeded: bool
) -> None:
    found = window(score, threshold)
    assert (found.ratio(Statistic.CONFIDENCE), found.exceeded) == (ratio, exceeded)


def test_the_statistic_that_is_furthest_counts_of_those_that_have_a_threshold() -> None:
    scores = {Statistic.PROBABILITIES: 0.4, Statistic.CONFIDENCE: 1.5, Statistic.LOG_DENSITY: 9.0}
    found = Compared(0, scores, {Statistic.PROBABILITIES: 0.2, Statistic.CONFIDENCE: 1.0})
    assert found.furthest is Statistic.PROBABILITIES
    assert found.exceeded


def test_the_last_windows_of_each_size_are_kept_and_all_are_counted() -> None:
    recent = RecentWindows()
    for number in range(LAST + 3):
        recent.add(20, window(number, time=number))
    recent.add(50, window(0))
    kept = recent.of(20)
    assert (kept.compared, kept.exceeded) == (LAST + 3, LAST + 2)
    assert [found.time for found in kept.last] == [7, 6, 5, 4, 3]
    assert recent.of(50).compared == 1
    assert recent.of(100).last == ()


def test_it_drifts_while_the_last_window_of_any_size_is_exceeded() -> None:
    recent = RecentWindows()
    assert not recent.exceeded
    recent.add(20, window(1))
    recent.add(50, window(0))
    assert recent.exceeded
    recent.add(20, window(0))
    assert not recent.exceeded
