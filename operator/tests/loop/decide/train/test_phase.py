"""Train?: the facts in order, as a table."""

from __future__ import annotations

import given
import pytest
from dandelion_operator.api.location import location
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide import decide
from dandelion_operator.loop.decide.plan.decisions import (
    TrainDecision,
    TrainingPhase,
)
from dandelion_operator.loop.decide.plan.jobs import (
    RemoveJob,
    StartTraining,
    SuspendJob,
)
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import DatasetSeen, Progress
from given import job, registry, seen, serving, status, training, version

PLAIN = given.resource()
CHANGED = given.resource(training={"epochs": 20})
SUSPENDED = given.resource(suspend=True)
UNREACHABLE = Failure(Reason.STORAGE_UNREACHABLE, "no answer")
MLFLOW_AWAY = Failure(Reason.REGISTRY_UNREACHABLE, "no answer")
START = "start"


def decided(resource: Resource, observed: Observed) -> TrainDecision:
    return decide(resource, observed, location(resource, given.DEFAULTS)).train


def in_words(decision: TrainDecision) -> list[str]:
    words = []
    for action in decision.actions:
        match action:
            case StartTraining():
                words.append(START)
            case RemoveJob(name):
                words.append(f"stop {name}")
            case SuspendJob(name, suspend):
                words.append(f"{'suspend' if suspend else 'resume'} {name}")
    return words


@pytest.mark.parametrize(
    ("resource", "observed", "phase", "actions"),
    [
        pytest.param(PLAIN, seen(), TrainingPhase.PENDING, [START], id="starts the first run"),
        pytest.param(
            PLAIN,
            seen(dataset=UNREACHABLE),
            TrainingPhase.HELD_BACK,
            [],
            id="waits for the storage",
        ),
        pytest.param(
            PLAIN,
            seen(registry=MLFLOW_AWAY),
            TrainingPhase.PENDING,
            [],
            id="waits for the registry",
        ),
        pytest.param(
            SUSPENDED, seen(), TrainingPhase.SUSPENDED, [], id="starts nothing while suspended"
        ),
        pytest.param(
            SUSPENDED,
            seen(jobs=(job(),)),
            TrainingPhase.SUSPENDED,
            ["suspend lawn-train-run1"],
            id="suspends a run in flight",
        ),
        pytest.param(
            SUSPENDED,
            seen(jobs=(job(state=RunState.SUSPENDED),)),
            TrainingPhase.SUSPENDED,
            [],
            id="suspends a run only once",
        ),
        pytest.param(
            PLAIN,
            seen(jobs=(job(state=RunState.SUSPENDED),)),
            TrainingPhase.FOLLOW,
            ["resume lawn-train-run1"],
            id="resumes a suspended run",
        ),
        pytest.param(
            PLAIN, seen(jobs=(job(),)), TrainingPhase.FOLLOW, [], id="follows a run in flight"
        ),
        pytest.param(
            PLAIN,
            seen(jobs=(job(fingerprint="images-0"),)),
            TrainingPhase.FOLLOW,
            [],
            id="follows a run in flight although images arrive",
        ),
        pytest.param(
            PLAIN,
            seen(jobs=(job(),), dataset=UNREACHABLE),
            TrainingPhase.FOLLOW,
            [],
            id="follows a run in flight although storage is away",
        ),
        pytest.param(
            CHANGED,
            seen(jobs=(job(),)),
            TrainingPhase.PENDING,
            ["stop lawn-train-run1"],
            id="stops a run for an earlier spec",
        ),
        pytest.param(
            CHANGED,
            seen(jobs=(job(deleting=True),)),
            TrainingPhase.PENDING,
            [],
            id="waits until a stopped run is gone",
        ),
        pytest.param(
            CHANGED,
            seen(jobs=(job(),), dataset=UNREACHABLE),
            TrainingPhase.HELD_BACK,
            [],
            id="leaves a run alone while the newer spec is not accepted",
        ),
        pytest.param(
            PLAIN,
            seen(jobs=(job(),), registry=registry(version(1))),
            TrainingPhase.COMPLETE,
            [],
            id="lets a run that registered its version tidy up",
        ),
        pytest.param(
            PLAIN,
            seen(previous=status(training=training()), jobs=(job(),), registry=MLFLOW_AWAY),
            TrainingPhase.COMPLETE,
            [],
            id="lets it tidy up although MLflow is away by now",
        ),
        pytest.param(
            PLAIN, serving(1), TrainingPhase.COMPLETE, [], id="rests after a run for this spec"
        ),
        pytest.param(
            PLAIN,
            serving(1, dataset=DatasetSeen("images-2", 41)),
            TrainingPhase.COMPLETE,
            [],
            id="rests after a run although images arrived",
        ),
        pytest.param(
            CHANGED, serving(1), TrainingPhase.PENDING, [START], id="trains a changed spec"
        ),
        pytest.param(
            given.resource(retrain="again"),
            serving(1),
            TrainingPhase.PENDING,
            [START],
            id="trains again when asked by the annotation",
        ),
        pytest.param(
            given.resource(training={"resources": {"limits": {"memory": "9Gi"}}}),
            serving(1),
            TrainingPhase.COMPLETE,
            [],
            id="does not train for other resources",
        ),
        pytest.param(
            PLAIN,
            seen(previous=status(training=training(state="Failed", reason="TooFewClasses"))),
            TrainingPhase.FAILED,
            [],
            id="leaves a failed run failed",
        ),
        pytest.param(
            PLAIN,
            seen(
                previous=status(training=training(state="Failed")),
                dataset=DatasetSeen("images-2", 41),
            ),
            TrainingPhase.PENDING,
            [START],
            id="tries a failed run again when the images changed",
        ),
        pytest.param(
            PLAIN,
            seen(jobs=(job(state=RunState.FAILED),)),
            TrainingPhase.FAILED,
            [],
            id="knows a failed run by its Job alone",
        ),
        pytest.param(
            PLAIN,
            seen(jobs=(job(state=RunState.FAILED),), dataset=None),
            TrainingPhase.FAILED,
            [],
            id="leaves a failed run failed while its images are not looked at",
        ),
        pytest.param(
            PLAIN,
            seen(registry=registry(version(1))),
            TrainingPhase.COMPLETE,
            [],
            id="knows a finished run by its version alone",
        ),
        pytest.param(
            PLAIN,
            seen(previous=status(training=training(state="Running"))),
            TrainingPhase.PENDING,
            [START],
            id="starts a run again whose Job was deleted",
        ),
        pytest.param(
            PLAIN,
            seen(
                previous=status(training=training(state="Running")),
                progress=Progress(run="run1", state="failed", reason="TrainingDiverged"),
            ),
            TrainingPhase.FAILED,
            [],
            id="believes the run's own last words when its Job is gone",
        ),
        pytest.param(
            PLAIN,
            seen(
                previous=status(
                    training=training(run="other", state="Running", training_hash="another")
                ),
                registry=registry(version(1)),
            ),
            TrainingPhase.COMPLETE,
            [],
            id="does not train again when an edit is taken back",
        ),
    ],
)
def test_train(
    resource: Resource, observed: Observed, phase: TrainingPhase, actions: list[str]
) -> None:
    decision = decided(resource, observed)
    assert (decision.phase, in_words(decision)) == (phase, actions)


def test_finished_jobs_are_kept_for_their_logs_but_not_without_end() -> None:
    jobs = tuple(
        job(f"run{number}", RunState.SUCCEEDED, created=f"2026-01-0{number}T00:00:00Z")
        for number in range(1, 6)
    )
    tidy = decide(PLAIN, serving(5, jobs=jobs), given.place()).tidy
    assert tidy == (RemoveJob("lawn-train-run2"), RemoveJob("lawn-train-run1"))
