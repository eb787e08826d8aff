"""The circuit breaker, with a clock that is turned by hand."""

from __future__ import annotations

import pytest
from dandelion_operator.ports.breaker import Breaker, OpenError


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def breaker(clock: Clock) -> Breaker:
    return Breaker(clock, failures=3, first_pause=5, longest_pause=30)


def ask(breaker: Breaker, answer: str) -> str:
    try:
        breaker.enter()
    except OpenError as error:
        return str(error)
    if answer == "answered":
        breaker.answered()
    else:
        breaker.failed("silence")
    return "asked"


@pytest.mark.parametrize(
    ("before", "asked"),
    [
        pytest.param("", True, id="nothing is known"),
        pytest.param("ff", True, id="two failures are chance"),
        pytest.param("fff", False, id="three failures in a row"),
        pytest.param("ffaff", True, id="an answer between them"),
    ],
)
def test_it_opens_after_failures_in_a_row(breaker: Breaker, before: str, asked: bool) -> None:
    for outcome in before:
        ask(breaker, "answered" if outcome == "a" else "failed")
    assert (ask(breaker, "answered") == "asked") is asked


def test_pauses_grow_to_a_bound_and_an_answer_ends_them(breaker: Breaker, clock: Clock) -> None:
    for _ in range(3):
        ask(breaker, "failed")
    pauses = []
    for _ in range(5):
        paused = clock.now
        while ask(breaker, "failed") != "asked":
            clock.now += 0.5
        pauses.append(clock.now - paused)
    assert pauses == [5, 10, 20, 30, 30]
    clock.now += 30
    assert ask(breaker, "answered") == "asked"
    assert breaker.is_untroubled
    ask(breaker, "failed")
    assert not breaker.is_open


def test_one_question_at_a_time_goes_through_after_a_pause(breaker: Breaker, clock: Clock) -> None:
    for _ in range(3):
        ask(breaker, "failed")
    clock.now += 5
    breaker.enter()
    with pytest.raises(OpenError):
        breaker.enter()
    breaker.unasked()
    breaker.enter()


def test_the_words_are_the_cause_however_long_the_pauses_are(
    breaker: Breaker, clock: Clock
) -> None:
    for _ in range(3):
        ask(breaker, "failed")
    for _ in range(200):
        clock.now += 1
        assert ask(breaker, "failed") in {"silence", "asked"}


def test_a_night_of_failures_is_only_a_long_pause(breaker: Breaker, clock: Clock) -> None:
    for _ in range(2000):
        clock.now += 30
        assert ask(breaker, "failed") == "asked"
    assert ask(breaker, "failed") == "silence"
