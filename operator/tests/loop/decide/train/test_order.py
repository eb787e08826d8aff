"""Train?: where two facts hold at once, the one that stands first in the list decides."""

from __future__ import annotations

from typing import Any

import given
import pytest
from dandelion_operator.api import digests
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide.plan.decisions import TrainingPhase
from dandelion_operator.loop.decide.plan.jobs import RemoveJob, SuspendJob
from dandelion_operator.seen.conclusions.attempts import ATTEMPT_LIMIT
from dandelion_operator.seen.observed import Observed
from given import job, registry, seen, serving, status, training, version

PLAIN = given.resource()
SUSPENDED = given.resource(suspend=True)
CHANGED = given.resource(training={"epochs": 20})
OF_CHANGED = digests.training_hash(CHANGED)
AWAY = Failure(Reason.STORAGE_UNREACHABLE, "no answer")
MLFLOW_AWAY = Failure(Reason.REGISTRY_UNREACHABLE, "no answer")
NOW, ENDED = "2026-01-01T00:00:10Z", "2026-01-01T00:00:00Z"
BOTH = (job("run1"), job("run2", training_hash=OF_CHANGED, created="2026-01-01T00:00:01Z"))
LEAVING = job("run0", deleting=True, training_hash="earlier", created="2025-01-01T00:00:00Z")


def failed(reason: str, attempts: int = 1, **about: Any) -> Observed:
    last = training(
        "run1", "Failed", reason=reason, message="words", finishedAt=ENDED, attempts=attempts
    )
    return seen(previous=status(training=last), now=NOW, **about)


def decision(resource: Resource, observed: Observed) -> tuple[TrainingPhase, str, tuple[Any, ...]]:
    found = given.decided(resource, observed).train
    return found.phase, found.message, found.actions


@pytest.mark.parametrize(
    ("resource", "observed", "phase", "words"),
    [
        pytest.param(
            SUSPENDED,
            seen(
                previous=status(training=training("run1")),
                registry=registry(version(1)),
                jobs=(job("run2", training_hash="earlier", created="2025-01-01T00:00:00Z"),),
            ),
            TrainingPhase.SUSPENDED,
            "spec.suspend is true: the run stands still",
            id="a run that goes on is suspended, although another one did what is wanted",
        ),
        pytest.param(
            SUSPENDED,
            serving(1),
            TrainingPhase.COMPLETE,
            "run run1 is complete",
            id="what is complete is told, although nothing would be started",
        ),
        pytest.param(
            SUSPENDED,
            seen(dataset=AWAY),
            TrainingPhase.SUSPENDED,
            "spec.suspend is true: no training is started",
            id="suspension is told, although the storage is away",
        ),
        pytest.param(
            SUSPENDED,
            failed("TooFewClasses"),
            TrainingPhase.SUSPENDED,
            "spec.suspend is true: no training is started",
            id="suspension is told, although the last run failed",
        ),
        pytest.param(
            SUSPENDED,
            seen(registry=MLFLOW_AWAY),
            TrainingPhase.SUSPENDED,
            "spec.suspend is true: no training is started",
            id="suspension is told, although MLflow is away",
        ),
        pytest.param(
            CHANGED,
            seen(jobs=BOTH, dataset=AWAY),
            TrainingPhase.FOLLOW,
            "run run2 is in flight",
            id="the wanted run is followed, although the storage is away and another one runs",
        ),
        pytest.param(
            CHANGED,
            seen(jobs=(*BOTH, LEAVING)),
            TrainingPhase.FOLLOW,
            "run run2 is in flight",
            id="the wanted run is followed, although a stopped one leaves",
        ),
        pytest.param(
            CHANGED,
            seen(jobs=(job(), LEAVING), dataset=AWAY),
            TrainingPhase.HELD_BACK,
            "no answer",
            id="an earlier run is left alone, where the newer one could not start",
        ),
        pytest.param(
            PLAIN,
            seen(jobs=(LEAVING,), dataset=AWAY),
            TrainingPhase.HELD_BACK,
            "no answer",
            id="the storage is told, although a stopped run leaves",
        ),
        pytest.param(
            PLAIN,
            failed("TooFewClasses", dataset=AWAY),
            TrainingPhase.HELD_BACK,
            "no answer",
            id="the storage is told, although the last run failed",
        ),
        pytest.param(
            CHANGED,
            seen(jobs=(job(), LEAVING)),
            TrainingPhase.PENDING,
            "the run for an earlier spec is being stopped",
            id="an earlier run is stopped, although another one still leaves",
        ),
        pytest.param(
            PLAIN,
            failed("TooFewClasses", jobs=(LEAVING,)),
            TrainingPhase.PENDING,
            "waiting until the pods of the stopped run are gone",
            id="a leaving run is waited for, although the last one failed",
        ),
        pytest.param(
            PLAIN,
            seen(jobs=(LEAVING,), registry=MLFLOW_AWAY),
            TrainingPhase.PENDING,
            "waiting until the pods of the stopped run are gone",
            id="a leaving run is waited for, although MLflow is away",
        ),
        pytest.param(
            PLAIN,
            failed("StorageUnreachable", ATTEMPT_LIMIT),
            TrainingPhase.FAILED,
            f"StorageUnreachable: words; given up after {ATTEMPT_LIMIT} attempts",
            id="what is given up is so, although a pause would not be over",
        ),
        pytest.param(
            PLAIN,
            failed("TooFewClasses", registry=MLFLOW_AWAY),
            TrainingPhase.FAILED,
            "TooFewClasses: words",
            id="what failed is told, although MLflow is away",
        ),
        pytest.param(
            PLAIN,
            failed("StorageUnreachable", registry=MLFLOW_AWAY),
            TrainingPhase.WAITING,
            "StorageUnreachable: words; attempt 2 of at most 8 begins at 2026-01-01T00:00:30Z",
            id="the next attempt's moment is told, although MLflow is away",
        ),
        pytest.param(
            PLAIN,
            seen(registry=MLFLOW_AWAY),
            TrainingPhase.PENDING,
            "training starts once MLflow answers: no answer",
            id="nothing is started while MLflow is away",
        ),
    ],
)
def test_of_two_facts_the_first_decides(
    resource: Resource, observed: Observed, phase: TrainingPhase, words: str
) -> None:
    found, message, _ = decision(resource, observed)
    assert found is phase
    assert message.startswith(words)


def test_what_stands_beside_the_wanted_run_is_stopped_and_its_own_suspension_ends() -> None:
    held = job("run2", RunState.SUSPENDED, training_hash=OF_CHANGED, created=NOW)
    phase, _, actions = decision(CHANGED, seen(jobs=(job("run1"), held)))
    assert phase is TrainingPhase.FOLLOW
    assert actions == (
        RemoveJob("lawn-train-run1"),
        SuspendJob("lawn-train-run2", suspend=False),
    )
