"""Train?: where settings are searched for first, by a Job of its own."""

from __future__ import annotations

from typing import Any

import given
import pytest
from dandelion_operator.api import digests
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide.plan.decisions import TrainingPhase
from dandelion_operator.loop.decide.plan.jobs import (
    RemoveJob,
    StartTraining,
    SuspendJob,
)
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import JobSeen
from given import registry, seen, status, version

SEARCH = {"parameters": {"batchSize": {"values": [16, 32]}}, "maxTrials": 3}
SEARCHED = given.resource(training={"search": SEARCH})
OTHER = given.resource(training={"search": SEARCH | {"maxTrials": 4}})
SUSPENDED = given.resource(training={"search": SEARCH}, suspend=True)
MORE_MEMORY = given.resource(
    training={"search": SEARCH, "resources": {"limits": {"memory": "16Gi"}}}
)
HASH = digests.training_hash(SEARCHED)
GIVEN = digests.execution(SEARCHED)
MUCH_LATER = "2026-01-01T12:00:00Z"
FIRST = digests.run(HASH, "images-1", "")


def search(state: RunState = RunState.RUNNING, **about: Any) -> JobSeen:
    fields: dict[str, Any] = {
        "name": "lawn-try-run1",
        "training_hash": HASH,
        "searches": True,
        "trigger": "Schedule",
        "trigger_message": "due",
        "decided": given.NOW,
        "execution": GIVEN,
    }
    return given.job("run1", state, **(fields | about))


def training(state: RunState = RunState.RUNNING, **about: Any) -> JobSeen:
    fields: dict[str, Any] = {
        "name": "lawn-train-run1",
        "training_hash": HASH,
        "created": given.LATER,
        "execution": GIVEN,
    }
    return given.job("run1", state, **(fields | about))


def remembered(job_name: str, state: str, **about: Any) -> Any:
    fields: dict[str, Any] = {
        "jobName": job_name,
        "training_hash": HASH,
        "execution": GIVEN,
        "finishedAt": given.NOW if state == "Failed" else None,
    }
    return status(training=given.training("run1", state, **(fields | about)))


def after(*jobs: JobSeen, **about: Any) -> Observed:
    return seen(jobs=jobs, now=MUCH_LATER, **about)


def started(run: str, attempt: int = 1, *, searching: bool) -> str:
    return f"{'search' if searching else 'train'} {run}, attempt {attempt}"


def in_words(actions: Any) -> list[str]:
    words = []
    for action in actions:
        match action:
            case StartTraining():
                words.append(started(action.run, action.attempt, searching=action.searching))
            case RemoveJob(name):
                words.append(f"stop {name}")
            case SuspendJob(name, suspend):
                words.append(f"{'suspend' if suspend else 'resume'} {name}")
    return words


@pytest.mark.parametrize(
    ("resource", "observed", "phase", "actions"),
    [
        pytest.param(
            SEARCHED,
            after(),
            TrainingPhase.PENDING,
            [started(FIRST, searching=True)],
            id="searches first",
        ),
        pytest.param(SEARCHED, after(search()), TrainingPhase.FOLLOW, [], id="follows the search"),
        pytest.param(
            SEARCHED,
            after(search(RunState.SUCCEEDED)),
            TrainingPhase.PENDING,
            [started("run1", searching=False)],
            id="trains once the search is over",
        ),
        pytest.param(
            SEARCHED,
            after(search(RunState.SUCCEEDED), previous=remembered("lawn-try-run1", "Running")),
            TrainingPhase.PENDING,
            [started("run1", searching=False)],
            id="trains once the search is over that was told of",
        ),
        pytest.param(
            SEARCHED,
            after(search(RunState.SUCCEEDED, attempt=2, name="lawn-try-run1-2")),
            TrainingPhase.PENDING,
            [started("run1", 2, searching=False)],
            id="trains in the attempt in which the search ended",
        ),
        pytest.param(
            SEARCHED,
            after(search(RunState.SUCCEEDED), training()),
            TrainingPhase.FOLLOW,
            [],
            id="follows the training after it",
        ),
        pytest.param(
            SEARCHED,
            after(search(RunState.SUCCEEDED), training(created=given.NOW)),
            TrainingPhase.FOLLOW,
            [],
            id="which may be created in the same second",
        ),
        pytest.param(
            SEARCHED,
            after(
                search(RunState.SUCCEEDED),
                training(RunState.SUCCEEDED),
                registry=registry(version(1, training_hash=HASH)),
            ),
            TrainingPhase.COMPLETE,
            [],
            id="rests after both",
        ),
        pytest.param(
            SEARCHED,
            after(search(RunState.FAILED, reason="TooFewClasses", message="one")),
            TrainingPhase.FAILED,
            [],
            id="leaves a failed search failed",
        ),
        pytest.param(
            MORE_MEMORY,
            after(search(RunState.FAILED, reason="OutOfMemory")),
            TrainingPhase.PENDING,
            [started("run1", 2, searching=True)],
            id="searches on with more memory",
        ),
        pytest.param(
            SEARCHED,
            after(search(RunState.FAILED, reason="StorageUnreachable", finished=given.NOW)),
            TrainingPhase.PENDING,
            [started("run1", 2, searching=True)],
            id="searches on once storage is back",
        ),
        pytest.param(
            SEARCHED,
            after(
                search(RunState.SUCCEEDED),
                training(RunState.FAILED, reason="StorageUnreachable", finished=given.NOW),
            ),
            TrainingPhase.PENDING,
            [started("run1", 2, searching=False)],
            id="does not search again for another attempt at training",
        ),
        pytest.param(
            SEARCHED,
            after(
                search(RunState.SUCCEEDED),
                training(RunState.FAILED, reason="ArtifactMismatch", finished=given.NOW),
            ),
            TrainingPhase.FAILED,
            [],
            id="leaves a training failed whose search was over",
        ),
        pytest.param(
            SEARCHED,
            after(
                search(RunState.SUCCEEDED),
                previous=remembered("lawn-train-run1", "Failed", reason="ArtifactMismatch"),
            ),
            TrainingPhase.FAILED,
            [],
            id="and remembers that when only the Job of the search is left",
        ),
        pytest.param(
            SEARCHED,
            after(previous=remembered("lawn-try-run1", "Running")),
            TrainingPhase.PENDING,
            [started("run1", 2, searching=True)],
            id="searches on where the Job was deleted",
        ),
        pytest.param(
            SEARCHED,
            after(previous=remembered("lawn-train-run1", "Running")),
            TrainingPhase.PENDING,
            [started("run1", 2, searching=False)],
            id="trains on where both Jobs were deleted",
        ),
        pytest.param(
            OTHER,
            after(search()),
            TrainingPhase.PENDING,
            ["stop lawn-try-run1"],
            id="stops the search of an earlier spec",
        ),
        pytest.param(
            SUSPENDED,
            after(search()),
            TrainingPhase.SUSPENDED,
            ["suspend lawn-try-run1"],
            id="suspends a search",
        ),
        pytest.param(
            SUSPENDED,
            after(search(RunState.SUCCEEDED)),
            TrainingPhase.SUSPENDED,
            [],
            id="trains nothing while suspended",
        ),
        pytest.param(
            SEARCHED,
            after(
                search(RunState.SUCCEEDED),
                registry=Failure(Reason.REGISTRY_UNREACHABLE, "no answer"),
            ),
            TrainingPhase.PENDING,
            [],
            id="waits for the registry between the two",
        ),
        pytest.param(
            given.resource(),
            after(search(RunState.SUCCEEDED)),
            TrainingPhase.PENDING,
            [
                started(
                    digests.run(digests.training_hash(given.resource()), "images-1", "run1"),
                    searching=False,
                )
            ],
            id="without a search it trains at once",
        ),
    ],
)
def test_train(resource: Any, observed: Observed, phase: TrainingPhase, actions: list[str]) -> None:
    decision = given.decided(resource, observed).train
    assert (decision.phase, in_words(decision.actions)) == (phase, actions)


def test_the_training_is_of_the_run_that_was_searched_for() -> None:
    (action,) = given.decided(SEARCHED, after(search(RunState.SUCCEEDED))).train.actions
    assert isinstance(action, StartTraining)
    assert (action.trigger, action.trigger_message) == ("Schedule", "due")
    assert (action.decided, action.fingerprint) == (given.NOW, "images-1")


def test_the_job_of_a_search_is_kept_until_its_run_is_over() -> None:
    wanted = given.resource(training={"search": SEARCH, "ttlSecondsAfterFinished": 60})
    jobs = (search(RunState.SUCCEEDED), training())
    told = remembered("lawn-train-run1", "Running", startedAt=given.LATER)
    assert given.decided(wanted, after(*jobs, previous=told)).tidy == ()
