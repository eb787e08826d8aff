"""status.training: the run as it is seen now, and else as it was told before."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import given
import pytest
from dandelion_operator.api import digests
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status.training import RunState, Search, Training
from dandelion_operator.loop.decide.plan.decisions import (
    TrainDecision,
    TrainingPhase,
)
from dandelion_operator.loop.report.training import training
from dandelion_operator.seen.conclusions.last_run import LastRun
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import Progress, SearchSeen
from given import LATER, NOW, resource, seen, status, version
from given.report.conditions import SETTLED

EARLIER = "2025-12-31T23:00:00Z"
HASH = digests.training_hash(resource())
RUNNING = LastRun("run1", "hash", RunState.RUNNING)
ENDED = LastRun("run1", "hash", RunState.SUCCEEDED)
OTHER = LastRun("run2", "hash", RunState.RUNNING)
TOLD: dict[str, Any] = {
    "runId": "mlflow-1",
    "progressPercent": 40,
    "startedAt": EARLIER,
    "finishedAt": EARLIER,
    "trigger": "Created",
    "retrain": "once",
    "execution": "by then",
}
UNKNOWN: dict[str, Any] = {
    "run_id": None,
    "progress_percent": 0,
    "started_at": None,
    "trigger": None,
    "dataset_fingerprint": None,
    "retrain": None,
    "execution": None,
}


def told(run: str = "run1", **about: Any) -> Observed:
    return seen(previous=status(training=given.training(run, **(TOLD | about))))


def made(
    observed: Observed,
    last: LastRun | None,
    wanted: Resource | None = None,
    phase: TrainingPhase = TrainingPhase.FOLLOW,
) -> Training | None:
    plan = replace(SETTLED, train=TrainDecision(phase))
    return training(wanted or resource(), observed, plan, last, LATER)


def progress(run: str = "run1", percent: int = 70) -> Observed:
    return replace(
        told(), progress=Progress(run, "running", "training", percent, run_id="mlflow-2")
    )


@pytest.mark.parametrize(
    ("observed", "last", "fields"),
    [
        pytest.param(seen(), RUNNING, UNKNOWN, id="a run of which nothing was told"),
        pytest.param(told("run0"), RUNNING, UNKNOWN, id="what was told of another run"),
        pytest.param(
            told(),
            RUNNING,
            {
                "run_id": "mlflow-1",
                "progress_percent": 40,
                "started_at": EARLIER,
                "trigger": "Created",
                "dataset_fingerprint": "images-1",
                "retrain": "once",
                "execution": "by then",
                "stage": None,
                "finished_at": None,
            },
            id="what was told of this run",
        ),
        pytest.param(
            told(),
            replace(
                RUNNING,
                started=NOW,
                trigger="DatasetChanged",
                fingerprint="images-2",
                retrain="twice",
                execution="now",
                job_name="a-job",
                version=version(3),
            ),
            {
                "run_id": "mlflow-3",
                "started_at": NOW,
                "trigger": "DatasetChanged",
                "dataset_fingerprint": "images-2",
                "retrain": "twice",
                "execution": "now",
                "job_name": "a-job",
            },
            id="what is seen before what was told",
        ),
        pytest.param(
            told(),
            replace(RUNNING, attempts=2),
            {"job_name": "lawn-train-run1-2", "execution": None, "started_at": EARLIER},
            id="another attempt: its Job and what it runs with are new, the run is not",
        ),
        pytest.param(
            progress(),
            RUNNING,
            {"progress_percent": 70, "stage": "training", "run_id": "mlflow-2"},
            id="progress",
        ),
        pytest.param(
            progress(),
            replace(RUNNING, version=version(3)),
            {"run_id": "mlflow-3"},
            id="a version's own run before that of the progress",
        ),
        pytest.param(
            progress("run0"),
            RUNNING,
            {"progress_percent": 40, "stage": None, "run_id": "mlflow-1"},
            id="progress of another run",
        ),
        pytest.param(progress(percent=-5), RUNNING, {"progress_percent": 0}, id="less than none"),
        pytest.param(progress(percent=200), RUNNING, {"progress_percent": 100}, id="more than all"),
        pytest.param(progress(), ENDED, {"progress_percent": 100, "stage": None}, id="the end"),
        pytest.param(
            progress(),
            replace(ENDED, state=RunState.FAILED),
            {"progress_percent": 70, "stage": None},
            id="how far a run came that failed",
        ),
        pytest.param(
            seen(),
            ENDED,
            {"finished_at": LATER, "execution": digests.execution(resource())},
            id="an end that nobody saw, with what is wanted now",
        ),
        pytest.param(
            told(),
            ENDED,
            {"finished_at": EARLIER, "execution": "by then"},
            id="a known end",
        ),
        pytest.param(
            told(), replace(ENDED, finished=NOW), {"finished_at": NOW}, id="an end that is seen"
        ),
        pytest.param(
            told(), replace(ENDED, attempts=2), {"finished_at": LATER}, id="an attempt's own end"
        ),
    ],
)
def test_what_is_told_of_a_run(observed: Observed, last: LastRun, fields: dict[str, Any]) -> None:
    found = made(observed, last)
    assert found is not None
    assert {name: getattr(found, name) for name in fields} == fields


def test_without_a_run_nothing_new_is_told() -> None:
    assert made(told(), None) == told().previous.training


@pytest.mark.parametrize(
    ("last", "phase", "state"),
    [
        (RUNNING, TrainingPhase.SUSPENDED, RunState.SUSPENDED),
        (RUNNING, TrainingPhase.FOLLOW, RunState.RUNNING),
        (ENDED, TrainingPhase.SUSPENDED, RunState.SUCCEEDED),
    ],
)
def test_a_run_that_has_not_ended_is_suspended_with_its_resource(
    last: LastRun, phase: TrainingPhase, state: RunState
) -> None:
    found = made(seen(), last, phase=phase)
    assert found is not None
    assert found.state is state


def test_a_search_is_told_and_stays_told_once_its_run_tells_nothing_more() -> None:
    seen_so = SearchSeen(12, 12, 4, 1, 0.93, {"batchSize": "32"})
    told_so = Search(
        trials=12, finished=12, pruned=4, failed=1, best=0.93, parameters={"batchSize": "32"}
    )
    observed = replace(told(), progress=Progress("run1", search=seen_so))
    found = made(observed, RUNNING)
    assert found is not None
    assert found.search == told_so
    later = made(seen(previous=status(training=found.model_dump(by_alias=True))), ENDED)
    assert later is not None
    assert later.search == told_so
    other = made(seen(previous=status(training=found.model_dump(by_alias=True))), OTHER)
    assert other is not None
    assert other.search is None


AGAIN = resource("again")
WITH_IT = replace(RUNNING, training_hash=digests.training_hash(AGAIN))


@pytest.mark.parametrize(
    ("observed", "last", "wanted", "retrain"),
    [
        pytest.param(seen(), WITH_IT, AGAIN, "again", id="the run's hash has the annotation in it"),
        pytest.param(seen(), RUNNING, AGAIN, None, id="the run's hash has another one in it"),
        pytest.param(
            seen(), replace(RUNNING, training_hash=HASH), resource(), None, id="there is none"
        ),
        pytest.param(told(), WITH_IT, AGAIN, "once", id="what was told before what a hash tells"),
        pytest.param(
            told(), replace(RUNNING, retrain=""), AGAIN, None, id="a Job that was made without it"
        ),
    ],
)
def test_which_annotation_asked_for_the_run(
    observed: Observed, last: LastRun, wanted: Resource, retrain: str | None
) -> None:
    found = made(observed, last, wanted)
    assert found is not None
    assert found.retrain == retrain
