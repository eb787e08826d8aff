"""Wilson's interval against published values and against what it promises."""

from math import comb

import pytest
from dandelion_training.evaluate.figures.intervals import wilson
from hypothesis import given, settings
from hypothesis import strategies as st


@pytest.mark.parametrize(
    ("hits", "trials", "low", "high"),
    [
        pytest.param(0, 0, 0.0, 1.0, id="without images anything is possible"),
        pytest.param(3, 3, 0.4385, 1.0, id="three of three may still be a class half missed"),
        pytest.param(0, 20, 0.0, 0.1611, id="none of twenty"),
        pytest.param(81, 263, 0.2553, 0.3662, id="the worked example of Newcombe (1998)"),
        pytest.param(15, 148, 0.0624, 0.1605, id="his second example"),
        pytest.param(1, 29, 0.0061, 0.1718, id="his last example"),
    ],
)
def test_recall_has_the_score_interval(hits: int, trials: int, low: float, high: float) -> None:
    assert wilson(hits, trials) == pytest.approx((low, high), abs=5e-5)


@settings(deadline=None)
@given(st.integers(1, 500).flatmap(lambda n: st.tuples(st.integers(0, n), st.just(n))))
def test_the_interval_lies_round_the_share_and_between_0_and_1(counted: tuple[int, int]) -> None:
    hits, trials = counted
    low, high = wilson(hits, trials)
    assert 0 <= low <= hits / trials <= high <= 1


def test_the_interval_holds_the_truth_about_as_often_as_it_says() -> None:
    trials = 30
    for truth in (0.5, 0.8, 0.9, 0.97):
        covered = sum(
            comb(trials, hits) * truth**hits * (1 - truth) ** (trials - hits)
            for hits in range(trials + 1)
            if wilson(hits, trials)[0] <= truth <= wilson(hits, trials)[1]
        )
        assert covered > 0.92
