"""Train?: what each fact rests on, and the words in which it is told."""

from __future__ import annotations

from typing import Any

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.decide.plan.decisions import TrainingPhase
from dandelion_operator.loop.decide.plan.jobs import SuspendJob
from dandelion_operator.seen.conclusions.attempts import ATTEMPT_LIMIT
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import DatasetSeen, Suspension
from given import job, seen, status, training

PLAIN = given.resource()
SUSPENDED = given.resource(suspend=True)
MLFLOW_AWAY = Failure(Reason.REGISTRY_UNREACHABLE, "no answer")
NOW = "2026-01-01T00:00:10Z"
UNDONE = Suspension(ours=True, undone_by="kueue")
STANDS_STILL = (
    "spec.suspend is true: the run stands still and goes on from its last checkpoint later"
)


def last(state: str = "Failed", **about: Any) -> Observed:
    """After a run of the spec; what is not about the run is about what was seen."""
    beside = {name: about.pop(name) for name in ("dataset", "jobs", "registry") if name in about}
    return seen(previous=status(training=training("run1", state, **about)), now=NOW, **beside)


def told(resource: Resource, observed: Observed) -> tuple[TrainingPhase, str]:
    found = given.decided(resource, observed).train
    return found.phase, found.message


@pytest.mark.parametrize(
    ("resource", "observed", "phase", "words"),
    [
        pytest.param(
            SUSPENDED, seen(jobs=(job(),)), TrainingPhase.SUSPENDED, STANDS_STILL, id="suspended"
        ),
        pytest.param(
            SUSPENDED,
            seen(jobs=(job(suspension=UNDONE),)),
            TrainingPhase.SUSPENDED,
            "spec.suspend is true: kueue resumed the Job lawn-train-run1; it is left running",
            id="who let a suspended run go on is named",
        ),
        pytest.param(
            SUSPENDED,
            seen(),
            TrainingPhase.SUSPENDED,
            "spec.suspend is true: no training is started",
            id="nothing runs",
        ),
        pytest.param(
            PLAIN,
            seen(jobs=(job(deleting=True, lost=True, training_hash="earlier"),)),
            TrainingPhase.PENDING,
            "run ",
            id="a run whose node is lost is not waited for",
        ),
        pytest.param(
            PLAIN,
            last(reason="TooFewClasses", message="one", attempts=ATTEMPT_LIMIT),
            TrainingPhase.FAILED,
            "TooFewClasses: one",
            id="what a person has to mend is not given up",
        ),
        pytest.param(
            PLAIN,
            last(),
            TrainingPhase.FAILED,
            "InternalError: the run failed",
            id="a run without last words",
        ),
        pytest.param(
            PLAIN,
            last("Running", attempts=2),
            TrainingPhase.WAITING,
            "the Job of attempt 2 is gone; attempt 3 of at most 8 begins at 2026-01-01T00:01:00Z",
            id="a Job that vanished again",
        ),
        pytest.param(
            PLAIN,
            last(reason="Interrupted", message="evicted", finishedAt="2026-01-01T00:00:05Z"),
            TrainingPhase.WAITING,
            "Interrupted: evicted; attempt 2 of at most 8 begins at 2026-01-01T00:00:35Z",
            id="the pause begins at the end of the run",
        ),
        pytest.param(
            PLAIN,
            last(reason="TooFewClasses", message="one", datasetFingerprint=None),
            TrainingPhase.FAILED,
            "TooFewClasses: one",
            id="a run of images that are not known is no other run",
        ),
        pytest.param(
            PLAIN,
            last(reason="TooFewClasses", message="one", dataset=DatasetSeen("", 40)),
            TrainingPhase.FAILED,
            "TooFewClasses: one",
            id="images that are not known now make no other run",
        ),
        pytest.param(
            PLAIN,
            last("Running", attempts=1),
            TrainingPhase.PENDING,
            "attempt 2 at run run1 is being started",
            id="another attempt is told as one",
        ),
        pytest.param(
            PLAIN,
            seen(jobs=(job(),), registry=MLFLOW_AWAY),
            TrainingPhase.FOLLOW,
            "run run1 is in flight",
            id="a run is followed although MLflow is away",
        ),
    ],
)
def test_what_is_told_of_training(
    resource: Resource, observed: Observed, phase: TrainingPhase, words: str
) -> None:
    found, message = told(resource, observed)
    assert found is phase
    assert message == words or (words == "run " and message.endswith("is being started"))


def test_a_run_that_somebody_let_go_on_is_not_suspended_again() -> None:
    other = job("run2", training_hash="earlier")
    observed = seen(jobs=(job(suspension=UNDONE), other))
    assert given.decided(SUSPENDED, observed).train.actions == (
        SuspendJob("lawn-train-run2", suspend=True),
    )
