"""Each cause for coming back early, alone: without it the next look is the resync's."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.reasons.facts import (
    WHILE_BLOCKED,
    WHILE_ROLLING_OUT,
    WHILE_STUCK,
    WHILE_TRAINING,
)
from dandelion_operator.api.status import Status
from dandelion_operator.loop import pace
from dandelion_operator.loop.decide.plan.decisions import (
    PromoteDecision,
    RolloutDecision,
    TrainDecision,
    TrainingPhase,
)
from dandelion_operator.seen.conclusions.waiting import WAITING
from dandelion_operator.seen.serving import RouteSeen
from given import serving

RESYNC = 3600.0
NOW = "2026-01-01T00:00:00Z"
IN_A_MINUTE, IN_TWO_MINUTES = "2026-01-01T00:01:00Z", "2026-01-01T00:02:00Z"
OBSERVED = serving(1, now=NOW)
SETTLED = given.decided(given.resource(), OBSERVED)
AWAY = Failure(Reason.STORAGE_UNREACHABLE, "no answer")
GONE = Failure(Reason.ARTIFACT_REJECTED, "gone")
RUNS = Failure(Reason.EVALUATION_RUNNING, "the Job runs")
FAILED = Failure(Reason.EVALUATION_FAILED, "the Job failed")


def told(**reasons: str) -> Status:
    names = {
        "trained": "Trained",
        "promoted": "Promoted",
        "rolled_out": "RolledOut",
        "ready": "Ready",
    }
    return given.status(
        conditions=[
            {"type": names[kind], "status": "Unknown", "reason": reason, "lastTransitionTime": NOW}
            for kind, reason in reasons.items()
        ]
    )


def train(phase: TrainingPhase, not_before: str = "") -> dict[str, Any]:
    return {"train": TrainDecision(phase, not_before=not_before)}


def held_up(waiting: Failure, not_before: str = "") -> dict[str, Any]:
    return {"promote": PromoteDecision(waiting=waiting, not_before=not_before)}


NOTHING = told()
PAUSES = [
    pytest.param({}, NOTHING, RESYNC, id="nothing is on its way"),
    pytest.param({}, told(rolled_out="Progressing"), WHILE_ROLLING_OUT, id="a rollout goes on"),
    pytest.param({}, told(ready="NotAnswering"), WHILE_ROLLING_OUT, id="nothing answers"),
    pytest.param(train(TrainingPhase.FOLLOW), NOTHING, WHILE_TRAINING, id="a run goes on"),
    pytest.param(train(TrainingPhase.PENDING), NOTHING, WHILE_TRAINING, id="a run begins"),
    pytest.param(train(TrainingPhase.FAILED), NOTHING, WHILE_STUCK, id="a run failed"),
    pytest.param(train(TrainingPhase.SUSPENDED), NOTHING, RESYNC, id="spec.suspend is true"),
    pytest.param(
        train(TrainingPhase.WAITING, IN_A_MINUTE), NOTHING, 60.0, id="a run is tried again later"
    ),
    pytest.param(
        train(TrainingPhase.WAITING, NOW),
        NOTHING,
        WHILE_ROLLING_OUT,
        id="a run's moment has come, and yet nothing spins",
    ),
    pytest.param(
        held_up(RUNS, IN_TWO_MINUTES), NOTHING, 120.0, id="a comparison is tried again later"
    ),
    pytest.param(
        held_up(RUNS, IN_TWO_MINUTES),
        told(promoted="EvaluationRunning"),
        120.0,
        id="a comparison that waits for its moment is not asked for before",
    ),
    pytest.param(
        held_up(RUNS, IN_TWO_MINUTES),
        told(rolled_out="Progressing"),
        WHILE_ROLLING_OUT,
        id="a rollout goes on while a comparison waits for its moment",
    ),
    pytest.param(
        train(TrainingPhase.WAITING, IN_A_MINUTE) | held_up(RUNS, IN_TWO_MINUTES),
        NOTHING,
        60.0,
        id="the nearer of two moments counts",
    ),
    pytest.param(
        {},
        told(rolled_out="Unheard"),
        RESYNC,
        id="a reason that only another version of the operator knows",
    ),
    pytest.param(held_up(AWAY), NOTHING, WHILE_BLOCKED, id="what is to be judged is away"),
    pytest.param(held_up(FAILED), NOTHING, RESYNC, id="a failed comparison is told by Promoted"),
    pytest.param(
        {},
        told(promoted="EvaluationRunning"),
        WHILE_TRAINING,
        id="a comparison goes on",
    ),
    pytest.param({}, told(promoted="EvaluationFailed"), WHILE_STUCK, id="a comparison failed"),
    pytest.param(
        {"rollout": RolloutDecision(None, AWAY)},
        NOTHING,
        WHILE_BLOCKED,
        id="what is to be served is away",
    ),
    pytest.param(
        {"rollout": RolloutDecision(None, GONE)}, NOTHING, RESYNC, id="what is broken stays so"
    ),
    *(
        pytest.param(
            train(TrainingPhase.FOLLOW),
            told(trained=reason),
            WHILE_BLOCKED,
            id=f"Trained says {reason}",
        )
        for reason in sorted(WAITING)
    ),
    *(
        pytest.param({}, told(rolled_out=reason), WHILE_BLOCKED, id=f"RolledOut says {reason}")
        for reason in sorted(WAITING)
    ),
    *(
        pytest.param({}, told(rolled_out=reason), WHILE_STUCK, id=f"RolledOut says {reason}")
        for reason in (
            "ArtifactRejected",
            "AuthUnavailable",
            "NameTaken",
            "ProgressDeadlineExceeded",
        )
    ),
]


@pytest.mark.parametrize(("about", "status", "seconds"), PAUSES)
def test_each_cause_alone_decides_when_to_look_again(
    about: dict[str, Any], status: Status, seconds: float
) -> None:
    assert pace.pause(OBSERVED, replace(SETTLED, **about), status, RESYNC) == seconds


def test_a_dataset_that_cannot_be_listed_is_asked_for_again() -> None:
    observed = replace(OBSERVED, dataset=Failure(Reason.BUCKET_NOT_FOUND, "no such bucket"))
    assert pace.pause(observed, SETTLED, NOTHING, RESYNC) == WHILE_BLOCKED


REFUSED = RouteSeen(exists=True, ours=True, trouble="its Gateway does not take it")
TAKEN_BY_ONE = replace(REFUSED, url="https://lawn.example.com")


@pytest.mark.parametrize(
    ("ways_in", "seconds"),
    [
        pytest.param({"route": REFUSED}, WHILE_BLOCKED, id="a route that no Gateway took"),
        pytest.param({"ingress": REFUSED}, WHILE_BLOCKED, id="an Ingress that nobody took"),
        pytest.param({"route": TAKEN_BY_ONE}, RESYNC, id="a route that one of two took"),
    ],
)
def test_a_way_in_that_nobody_took_yet_is_looked_at_again(
    ways_in: dict[str, RouteSeen], seconds: float
) -> None:
    assert pace.pause(replace(OBSERVED, **ways_in), SETTLED, NOTHING, RESYNC) == seconds
