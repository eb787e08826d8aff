"""When a resource is reconciled again although no event enqueued it: one row a state."""

from __future__ import annotations

from dataclasses import replace

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.reasons.facts import (
    WHILE_BLOCKED,
    WHILE_ROLLING_OUT,
    WHILE_STUCK,
    WHILE_TRAINING,
)
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop import pace
from dandelion_operator.loop.decide import decide
from dandelion_operator.ports.probes import NO_ENDPOINTS_YET
from dandelion_operator.seen.observed import Observed
from given import NOW, job, registry, seen, serving, version

RESYNC = 60.0
ROLLED_OUT, READY = "RolledOut", "Ready"


@pytest.mark.parametrize(
    ("observed", "reasons", "wanted"),
    [
        pytest.param(serving(1), {}, RESYNC, id="all is well"),
        pytest.param(
            seen(jobs=(job(state=RunState.RUNNING),)), {}, WHILE_TRAINING, id="a run goes on"
        ),
        pytest.param(
            serving(1), {ROLLED_OUT: "Progressing"}, WHILE_ROLLING_OUT, id="a rollout goes on"
        ),
        pytest.param(
            serving(1), {READY: "NotAnswering"}, WHILE_ROLLING_OUT, id="nothing answers yet"
        ),
        pytest.param(
            serving(1, answer=NO_ENDPOINTS_YET),
            {},
            pace.WHILE_ROLLING_OUT,
            id="the Service has no ready endpoints yet",
        ),
        pytest.param(
            serving(1, dataset=Failure(Reason.STORAGE_UNREACHABLE, "S3 is away")),
            {},
            WHILE_BLOCKED,
            id="storage is away",
        ),
        pytest.param(
            serving(1, registry=Failure(Reason.REGISTRY_UNREACHABLE, "MLflow is away")),
            {},
            WHILE_BLOCKED,
            id="MLflow is away",
        ),
        pytest.param(
            seen(jobs=(job(state=RunState.FAILED),)), {}, WHILE_STUCK, id="the run failed"
        ),
        pytest.param(
            serving(1),
            {"Promoted": "EvaluationRunning"},
            WHILE_TRAINING,
            id="a comparison goes on",
        ),
        pytest.param(
            serving(1), {"Promoted": "EvaluationFailed"}, WHILE_STUCK, id="a comparison failed"
        ),
        pytest.param(
            serving(1),
            {ROLLED_OUT: "ProgressDeadlineExceeded"},
            WHILE_STUCK,
            id="the rollout is stuck",
        ),
        pytest.param(
            serving(
                1,
                jobs=(job("run2"),),
                registry=registry(version(1, training_hash="earlier"), champion=1),
            ),
            {ROLLED_OUT: "Progressing"},
            WHILE_ROLLING_OUT,
            id="the shortest of several pauses counts",
        ),
    ],
)
def test_a_resource_is_reconciled_again_as_soon_as_its_state_asks_for(
    observed: Observed, reasons: dict[str, str], wanted: float
) -> None:
    resource = given.resource()
    status = given.status(
        conditions=[
            {"type": kind, "status": "Unknown", "reason": reason, "lastTransitionTime": NOW}
            for kind, reason in reasons.items()
        ]
    )
    decided = decide(resource, observed, given.place())
    assert pace.pause(observed, decided, status, RESYNC) == wanted


@pytest.mark.parametrize(
    ("schedule", "now", "wanted"),
    [
        pytest.param("30 9 * * *", "2026-01-01T09:29:35Z", 25.0, id="the next moment is near"),
        pytest.param("30 9 * * *", "2026-01-01T09:29:00Z", RESYNC, id="it is not"),
        pytest.param("* * * * *", "2026-01-01T09:29:59Z", WHILE_ROLLING_OUT, id="it is now"),
    ],
)
def test_a_schedule_is_not_noticed_late(schedule: str, now: str, wanted: float) -> None:
    resource = given.resource(triggers={"schedule": schedule})
    observed = replace(serving(1), now=now)
    decided = decide(resource, observed, given.place())
    assert pace.pause(observed, decided, given.status(), RESYNC) == wanted


def test_what_a_cooldown_holds_back_starts_as_soon_as_that_is_over() -> None:
    resource = given.resource(triggers={"schedule": "* * * * *", "cooldownSeconds": 90})
    ended = "2026-01-01T09:00:00Z"
    previous = given.status(
        training=given.training(finishedAt=ended),
        triggers={"schedule": {"expression": "* * * * *", "since": NOW}},
    )
    observed = replace(serving(1), previous=previous, now="2026-01-01T09:01:10Z")
    decided = decide(resource, observed, given.place())
    assert decided.train.held is not None
    assert pace.pause(observed, decided, given.status(), RESYNC) == 20.0


def test_no_pause_is_longer_than_the_resync() -> None:
    observed = seen(jobs=(job(state=RunState.FAILED),))
    decided = decide(given.resource(), observed, given.place())
    assert pace.pause(observed, decided, given.status(), resync=5.0) == 5.0
