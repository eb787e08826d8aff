"""Jobs that are over: which are removed, and when they may go."""

from __future__ import annotations

from typing import Any

import given
import pytest
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide.plan.jobs import RemoveJob
from given import job, serving, status, training

PLAIN = given.resource()


def finished(number: int, **about: Any) -> Any:
    created = f"2026-01-0{number}T00:00:00Z"
    return job(f"run{number}", RunState.SUCCEEDED, created=created, **about)


def test_jobs_that_run_or_leave_are_neither_counted_nor_removed() -> None:
    jobs = (
        *(finished(number) for number in range(1, 5)),
        finished(6, deleting=True),
        finished(0, deleting=True),
        job("run5", RunState.RUNNING, created="2026-01-07T00:00:00Z"),
        job("run8", RunState.RUNNING, created="2025-01-01T00:00:00Z"),
    )
    assert given.decided(PLAIN, serving(5, jobs=jobs)).tidy == (RemoveJob("lawn-train-run1"),)


@pytest.mark.parametrize(
    ("found", "about"),
    [
        pytest.param(job("run0", RunState.RUNNING, created="2025-01-01T00:00:00Z"), {}, id="runs"),
        pytest.param(
            job("run0", RunState.FAILED, created="2025-01-01T00:00:00Z"),
            {"startedAt": None},
            id="nobody knows when the recorded one began",
        ),
        pytest.param(
            job("run0", RunState.FAILED, created="2026-01-01T00:00:01Z"),
            {},
            id="is newer than the recorded one",
        ),
        pytest.param(
            job("run0", RunState.FAILED, created="2025-01-01T00:00:00Z", ttl_seconds=5),
            {},
            id="expires already",
        ),
        pytest.param(
            job("run0", RunState.FAILED, created="2025-01-01T00:00:00Z", deleting=True),
            {},
            id="leaves",
        ),
    ],
)
def test_a_job_that_is_left_to_itself(found: Any, about: dict[str, Any]) -> None:
    wanted = given.resource(training={"ttlSecondsAfterFinished": 60})
    previous = status(training=training("run1", **about))
    assert given.decided(wanted, serving(1, previous=previous, jobs=(found,))).tidy == ()
