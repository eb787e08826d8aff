"""How much is taken on at once, and what the one too many is told."""

from __future__ import annotations

import pytest
from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.intake.admission import Admission


def test_the_one_request_too_many_is_refused() -> None:
    admission = Admission(max_requests=2, max_bytes=100)
    with admission.admit(), admission.admit():
        with pytest.raises(RefusedError) as refused, admission.admit():
            pass
        assert refused.value.code is Code.QUEUE_FULL
        assert refused.value.headers == {"Retry-After": "1"}
    with admission.admit():
        pass


def test_bytes_are_bounded_too_and_the_one_that_asks_for_more_is_refused() -> None:
    admission = Admission(max_requests=100, max_bytes=100)
    with admission.admit() as first:
        first.hold(40)
        first.hold(20)
        with admission.admit() as second:
            second.hold(30)
            with pytest.raises(RefusedError):
                second.hold(11)
        with admission.admit() as third:
            third.hold(40)


def test_a_place_is_given_back_when_the_work_fails() -> None:
    admission = Admission(max_requests=1, max_bytes=100)

    def fail() -> None:
        with admission.admit() as place:
            place.hold(100)
            raise ValueError("broken")

    for _ in range(3):
        with pytest.raises(ValueError, match="broken"):
            fail()
