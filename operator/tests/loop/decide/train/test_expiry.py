"""A finished Job may go once its end is recorded."""

from __future__ import annotations

from typing import Any

import given
import pytest
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide.plan.jobs import ExpireJob
from given import job, seen, status, training

PLAIN = given.resource()
FAILED = training("run1", "Failed", reason="OutOfMemory", finishedAt="2026-01-01T00:00:00Z")


@pytest.mark.parametrize(
    ("recorded", "about", "expired"),
    [
        pytest.param(None, {}, False, id="nothing is recorded"),
        pytest.param(training("run1", "Running"), {}, False, id="its end is not recorded yet"),
        pytest.param(FAILED, {}, True, id="its end is recorded"),
        pytest.param(
            training("run2", "Running"), {}, True, id="a later run is recorded, so it was before"
        ),
        pytest.param(
            training("run0", "Succeeded", startedAt="2025-12-31T00:00:00Z"),
            {},
            False,
            id="an earlier run is",
        ),
        pytest.param(FAILED, {"ttl_seconds": 5}, False, id="somebody else lets it expire"),
        pytest.param(
            FAILED,
            {"ttl_seconds": 0, "expiry": 0},
            False,
            id="it expires already",
        ),
        pytest.param(
            FAILED,
            {"ttl_seconds": 60, "expiry": 60},
            True,
            id="it would expire later than it may now",
        ),
        pytest.param(
            FAILED,
            {"ttl_seconds": 9, "expiry": 0},
            False,
            id="somebody else changed when it expires",
        ),
        pytest.param(FAILED, {"deleting": True}, False, id="it is leaving"),
    ],
)
def test_a_job_may_go_once_its_end_is_recorded(
    recorded: dict[str, Any] | None, about: dict[str, Any], expired: bool
) -> None:
    wanted = given.resource(training={"ttlSecondsAfterFinished": 0})
    found = job("run1", RunState.FAILED, **about)
    observed = seen(previous=status(**({"training": recorded} if recorded else {})), jobs=(found,))
    tidy = given.decided(wanted, observed).tidy
    assert (ExpireJob(found.name, 0) in tidy) is expired
    kept = ExpireJob(found.name, None)
    assert (kept in given.decided(PLAIN, observed).tidy) is ("expiry" in about)
