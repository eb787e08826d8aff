"""Train?: what each fact rests on, and the words in which it is told."""

from __future__ import annotations

from typing import Any

import given
import pytest
from dandelion_operator.api import digests
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide.plan.decisions import TrainingPhase
from dandelion_operator.loop.decide.plan.jobs import (
    RemoveJob,
    StartTraining,
    SuspendJob,
)
from dandelion_operator.seen.conclusions.attempts import ATTEMPT_LIMIT
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import DatasetSeen, Suspension
from given import contract, job, registry, seen, serving, status, training, version

PLAIN = given.resource()
SUSPENDED = given.resource(suspend=True)
CHANGED = given.resource(training={"epochs": 20})
FROM_CHAMPION = given.resource(training={"initialWeights": "champion"})
AWAY = Failure(Reason.STORAGE_UNREACHABLE, "no answer")
GONE = Failure(Reason.ARTIFACT_REJECTED, "gone")
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


def started(resource: Resource, observed: Observed) -> StartTraining:
    (action,) = given.decided(resource, observed).train.actions
    assert isinstance(action, StartTraining)
    return action


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


def test_the_first_attempt_is_told_by_its_run_alone() -> None:
    assert told(PLAIN, seen())[1] == f"run {started(PLAIN, seen()).run} is being started"


@pytest.mark.parametrize(
    ("resource", "observed", "trigger"),
    [
        pytest.param(PLAIN, seen(), "Created", id="nothing was trained before"),
        pytest.param(CHANGED, serving(1), "SpecChanged", id="another spec"),
        pytest.param(
            given.resource(retrain="again"), serving(1), "RetrainRequested", id="the annotation"
        ),
        pytest.param(
            given.resource(retrain="again", training={"epochs": 20}),
            serving(1),
            "SpecChanged",
            id="the annotation and another spec",
        ),
        pytest.param(
            PLAIN, last(dataset=DatasetSeen("images-2", 41)), "DatasetChanged", id="other images"
        ),
        pytest.param(
            PLAIN, last("Running", trigger="SpecChanged"), "SpecChanged", id="an attempt keeps it"
        ),
        pytest.param(PLAIN, last("Running"), "Created", id="an attempt that never had one"),
    ],
)
def test_a_run_says_what_caused_it(resource: Resource, observed: Observed, trigger: str) -> None:
    assert started(resource, observed).trigger == trigger


def test_an_attempt_is_at_the_images_of_its_run() -> None:
    lost = last("Running", dataset=DatasetSeen("images-2", 41))
    unknown = last("Running", datasetFingerprint=None)
    assert (started(PLAIN, lost).run, started(PLAIN, lost).fingerprint) == ("run1", "images-1")
    assert started(PLAIN, unknown).fingerprint == "images-1"


def test_a_run_after_another_is_another_run() -> None:
    again = started(CHANGED, serving(1))
    assert again.run == digests.run(digests.training_hash(CHANGED), "images-1", "run1")
    assert started(PLAIN, seen()).run == digests.run(digests.training_hash(PLAIN), "images-1", "")


UNTIL_NOW = version(1, training_hash="earlier")


@pytest.mark.parametrize(
    ("observed", "weights", "champion"),
    [
        pytest.param(
            seen(registry=registry(UNTIL_NOW, champion=1), artifacts={1: contract()}),
            "s3://models/default/lawn/run1/artifact/model.safetensors",
            1,
            id="a champion that can be read",
        ),
        pytest.param(
            seen(registry=registry(UNTIL_NOW, champion=1), artifacts={1: AWAY}),
            "s3://models/default/lawn/run1/artifact/model.safetensors",
            1,
            id="a champion that cannot be read just now",
        ),
        pytest.param(
            seen(registry=registry(UNTIL_NOW, champion=1), artifacts={1: GONE}),
            "champion",
            None,
            id="a champion that is broken",
        ),
        pytest.param(
            seen(registry=registry(version(1, training_hash="a", contract_digest=""), champion=1)),
            "champion",
            None,
            id="a champion without a contract",
        ),
        pytest.param(seen(registry=registry(UNTIL_NOW)), "champion", None, id="no champion"),
    ],
)
def test_a_run_begins_with_the_champion_where_that_can_be_had(
    observed: Observed, weights: str, champion: int | None
) -> None:
    action = started(FROM_CHAMPION, observed)
    assert action.initial_weights == weights
    assert (action.champion.version if action.champion else None) == champion


def test_a_run_asks_for_the_champions_weights_only_where_the_spec_does() -> None:
    observed = seen(registry=registry(UNTIL_NOW, champion=1), artifacts={1: contract()})
    assert started(PLAIN, observed).initial_weights == PLAIN.spec.training.initial_weights


@pytest.mark.parametrize(
    ("about", "former"),
    [
        pytest.param({}, "", id="none"),
        pytest.param(
            {
                "previous": status(dataset={"version": "sha256:told"}),
                "registry": registry(version(1, training_hash="a")),
            },
            "sha256:told",
            id="the status comes first",
        ),
        pytest.param(
            {
                "previous": status(dataset={"images": 3}),
                "registry": registry(
                    version(1, training_hash="a"),
                    version(2, training_hash="a", dataset_digest=""),
                ),
            },
            "sha256:images",
            id="then the newest version that says so",
        ),
    ],
)
def test_a_dataset_grows_from_the_one_that_was_known(about: dict[str, Any], former: str) -> None:
    assert started(CHANGED, seen(**about)).former_dataset == former


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
