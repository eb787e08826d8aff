"""How much is taken on at once, who makes room for whom, and what the one too many is told."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import ExitStack

import pytest
from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.intake.admission import Admission, to_evict
from dandelion_inference.intake.recent_rate import FAST


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


def test_the_one_request_too_many_is_refused_before_its_body_is_sent() -> None:
    admission = Admission(max_requests=2, max_bytes=100)
    with admission.admit() as first, admission.admit() as second:
        first.begin()
        second.begin()
        with pytest.raises(RefusedError) as refused, admission.admit():
            pass
        assert refused.value.code is Code.QUEUE_FULL
        assert refused.value.headers == {"Retry-After": "1"}
    with admission.admit() as third:
        third.begin()


def test_a_body_that_is_not_whole_takes_no_place() -> None:
    admission = Admission(max_requests=1, max_bytes=100)
    with ExitStack() as stack:
        for _ in range(1000):
            stack.enter_context(admission.admit()).hold(0)
        with admission.admit() as whole:
            whole.begin()


def test_where_bodies_become_whole_at_once_the_one_too_many_is_refused() -> None:
    admission = Admission(max_requests=1, max_bytes=100)
    with admission.admit() as first, admission.admit() as second:
        first.begin()
        with pytest.raises(RefusedError) as refused:
            second.begin()
        assert refused.value.code is Code.QUEUE_FULL


def test_bytes_are_bounded_too_and_of_equals_the_one_that_asks_for_more_is_refused() -> None:
    admission = Admission(max_requests=100, max_bytes=100, now=Clock())
    with admission.admit() as first:
        first.hold(40)
        first.hold(20)
        with admission.admit() as second:
            second.hold(30)
            with pytest.raises(RefusedError):
                second.hold(11)
        with admission.admit() as third:
            third.hold(40)


def test_a_body_that_stopped_arriving_makes_room_and_is_told_so() -> None:
    clock = Clock()
    admission = Admission(max_requests=100, max_bytes=100, now=clock)
    woken = []
    with admission.admit() as stopped:
        stopped.on_evicted = lambda: woken.append(stopped)
        stopped.hold(90)
        clock.now += 5
        with admission.admit() as other:
            other.hold(60)
            other.hold(40)
        assert woken == [stopped]
        for more in (lambda: stopped.hold(1), stopped.begin):
            with pytest.raises(RefusedError) as refused:
                more()
            assert refused.value.code is Code.QUEUE_FULL
            assert "slower" in refused.value.detail
    with admission.admit() as whole:
        whole.hold(100)
        whole.begin()


def test_what_is_being_answered_makes_no_room() -> None:
    clock = Clock()
    admission = Admission(max_requests=100, max_bytes=100, now=clock)
    with admission.admit() as answered:
        answered.hold(90)
        answered.begin()
        clock.now += 1000
        with admission.admit() as other, pytest.raises(RefusedError):
            other.hold(20)


def test_a_place_is_given_back_when_the_work_fails() -> None:
    admission = Admission(max_requests=1, max_bytes=100)

    def fail() -> None:
        with admission.admit() as place:
            place.hold(100)
            place.begin()
            raise ValueError("broken")

    for _ in range(3):
        with pytest.raises(ValueError, match="broken"):
            fail()


@pytest.mark.parametrize(
    ("lacking", "arriving", "chosen"),
    [
        pytest.param(10, [], None, id="nobody else arrives"),
        pytest.param(10, [(FAST, 50)], None, id="others are as fast"),
        pytest.param(10, [(0.6 * FAST, 50)], None, id="another is not much slower"),
        pytest.param(10, [(0.5 * FAST, 50)], [0], id="half as fast is much slower"),
        pytest.param(10, [(9.0, 50), (3.0, 50)], [1], id="the slowest goes, and is enough"),
        pytest.param(60, [(9.0, 50), (3.0, 50)], [1, 0], id="then the next"),
        pytest.param(60, [(9.0, 50), (3.0, 5)], None, id="nobody goes where it helps nobody"),
        pytest.param(10, [(0.0, 0), (3.0, 50)], [1], id="who holds nothing has nothing to give"),
    ],
)
def test_who_makes_room_for_a_fast_body(
    lacking: int, arriving: Sequence[tuple[float, int]], chosen: Sequence[int] | None
) -> None:
    assert to_evict(FAST, lacking, arriving) == chosen


def test_who_is_slow_too_pushes_nobody_out() -> None:
    assert to_evict(10.0, 1, [(9.0, 50)]) is None
