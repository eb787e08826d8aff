"""The interval holds at all moments together, narrows, and says little of a handful."""

import random
from itertools import pairwise
from math import comb

import pytest
from dandelion_training.review.accuracy.confidence_sequence import ConfidenceSequence
from hypothesis import given
from hypothesis import strategies as st

Interval = tuple[float, float]


def path(answers: list[bool], confidence: float = 0.95) -> list[Interval]:
    """The interval before any answer, and after each."""
    sequence = ConfidenceSequence(confidence)
    found = [(sequence.lower, sequence.upper)]
    for answer in answers:
        sequence.add(answer)
        found.append((sequence.lower, sequence.upper))
    return found


def of(right: int, wrong: int) -> Interval:
    """Of answers that come as evenly as they can, so that no moment says more than the last."""
    total = right + wrong
    marks = [n * right // total - (n - 1) * right // total for n in range(1, total + 1)]
    return path([bool(mark) for mark in marks])[-1]


def test_without_an_answer_everything_is_possible() -> None:
    assert path([]) == [(0.0, 1.0)]


@pytest.mark.parametrize("share", [0.5, 0.9, 1.0])
def test_it_contains_the_truth_at_every_moment_as_often_as_it_says(share: float) -> None:
    """Whoever looks after each of 150 answers, and stops when it suits them, errs no oftener."""
    lot = random.Random(7)
    misses = sum(
        not all(
            lower <= share <= upper
            for lower, upper in path([lot.random() < share for _ in range(150)], 0.8)
        )
        for _ in range(200)
    )
    # A fifth of them is allowed, and a few more by chance.
    assert misses <= 50


def test_an_interval_for_one_look_would_not_do_that() -> None:
    """The test above would notice: Wald's, looked at as often, misses most of the time."""
    lot = random.Random(7)
    misses = 0
    for _ in range(200):
        right, missed = 0, False
        for n in range(1, 151):
            right += lot.random() < 0.9
            mean = right / n
            missed |= abs(mean - 0.9) > 1.282 * (mean * (1 - mean) / n) ** 0.5
        misses += missed
    assert misses > 100


@given(st.lists(st.booleans(), max_size=60))
def test_it_is_never_wider_than_before_and_never_upside_down(answers: list[bool]) -> None:
    found = path(answers)
    for before, after in pairwise(found):
        assert 0 <= after[0] <= after[1] <= 1
        starts_anew = after[0] > before[1] or after[1] < before[0]
        assert starts_anew or before[0] <= after[0] <= after[1] <= before[1]


@given(st.lists(st.booleans(), max_size=60))
def test_right_and_wrong_are_alike_to_it(answers: list[bool]) -> None:
    (lower, upper), (low, high) = path(answers)[-1], path([not one for one in answers])[-1]
    assert (lower, upper) == pytest.approx((1 - high, 1 - low), abs=1e-9)


def test_a_handful_says_little_and_many_say_much() -> None:
    assert of(5, 0)[0] < 0.5
    assert of(0, 1)[1] > 0.9
    widths = [upper - lower for lower, upper in (of(9, 1), of(90, 10), of(900, 100))]
    assert widths[0] > 0.4
    assert widths == sorted(widths, reverse=True)
    assert widths[2] < 0.08


def test_the_bound_is_where_the_bet_against_it_has_won_twenty_times_the_stake() -> None:
    """By the formula for n right of n, B(n + 1/2, 1/2) / (B(1/2, 1/2) q^n) = C(2n, n) / (4 q)^n."""
    lower, upper = path([True] * 10)[-1]
    assert upper == 1.0
    assert comb(20, 10) / (4 * lower) ** 10 == pytest.approx(20, rel=1e-6)


def test_what_has_changed_is_taken_as_it_is_now() -> None:
    """A thousand right answers say nothing of a model that is wrong from then on."""
    lower, upper = path([True] * 300 + [False] * 600)[-1]
    assert 0.2 < lower < upper < 0.5
