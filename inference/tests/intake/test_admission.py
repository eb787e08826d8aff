"""How much is taken on at once, and what the one too many is told."""

from __future__ import annotations

import pytest
from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.intake.admission import Admission


def test_the_one_request_too_many_is_refused() -> None:
    admission = Admission(max_requests=2, max_bytes=100)
    with admission.admit(10), admission.admit(10):
        with pytest.raises(RefusedError) as refused, admission.admit(10):
            pass
        assert refused.value.code is Code.QUEUE_FULL
        assert refused.value.headers == {"Retry-After": "1"}
    with admission.admit(10):
        pass


def test_bytes_are_bounded_too() -> None:
    admission = Admission(max_requests=100, max_bytes=100)
    with admission.admit(60):
        with pytest.raises(RefusedError), admission.admit(41):
            pass
        with admission.admit(40):
            pass


def test_a_place_is_given_back_when_the_work_fails() -> None:
    admission = Admission(max_requests=1, max_bytes=100)
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"), admission.admit(100):
            raise ValueError("broken")
