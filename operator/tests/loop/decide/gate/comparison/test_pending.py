"""Promote?: a version that cannot be judged yet says what it waits for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide.gate.compare import outlived_evaluations
from dandelion_operator.loop.decide.gate.promote import promote
from dandelion_operator.loop.decide.plan.jobs import RemoveJob
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import Suspension
from given import (
    contract,
    evaluation,
    job,
    registry,
    version,
)
from given.judging import AWAY, NEW, beside
from given.report.told import PLAIN

SUSPENDED = given.resource(suspend=True)
JOB = evaluation().name
GONE = Failure(Reason.ARTIFACT_REJECTED, "gone")


def ended(state: RunState = RunState.FAILED, **about: Any) -> Observed:
    return beside(evaluations=(evaluation(state, finished=given.NOW, **about),))


@pytest.mark.parametrize(
    ("observed", "words"),
    [
        pytest.param(
            beside(artifacts={3: GONE, 4: contract()}, jobs=(job("run4"),)),
            "it cannot be compared with champion 3: gone; put its files back",
            id="a broken champion is told before a run that goes on",
        ),
        pytest.param(
            beside(
                registry=replace(registry(version(3), NEW), deployed=version(3).target),
                artifacts={3: AWAY, 4: contract()},
            ),
            "no answer",
            id="what serves without an alias is waited for where it cannot be read",
        ),
        pytest.param(
            beside(jobs=(job("run4"),), evaluations=(evaluation(deleting=True),)),
            "run run4 has not ended yet",
            id="the run is waited for before the Job",
        ),
        pytest.param(
            ended(deleting=True, reason="StorageUnreachable"),
            f"waiting until the Job {JOB} is gone",
            id="a Job that leaves is waited for before the next attempt",
        ),
        pytest.param(
            ended(reason="OutOfMemory", suspension=Suspension(ours=True)),
            f"the Job {JOB} compares it with champion 3: OutOfMemory: it failed; delete the Job",
            id="what failed is told although it was suspended",
        ),
        pytest.param(
            ended(reason="StorageUnreachable", message="refused"),
            f"the Job {JOB} failed: StorageUnreachable: refused; attempt 2 of at most 8 begins at",
            id="the next attempt is told with its cause",
        ),
        pytest.param(
            ended(reason="StorageUnreachable"),
            f"the Job {JOB} failed: StorageUnreachable: it failed; attempt 2",
            id="and without one",
        ),
        pytest.param(
            ended(RunState.SUCCEEDED),
            f"the Job {JOB} compares it with champion 3: it ended, but the comparison is not there",
            id="what ended well and left nothing is told",
        ),
        pytest.param(
            ended(),
            f"the Job {JOB} compares it with champion 3: InternalError: it failed",
            id="what left no words is told",
        ),
        pytest.param(
            beside(evaluations=(evaluation(reason="StorageUnreachable", message="waits"),)),
            f"the Job {JOB} compares it with champion 3 (waits)",
            id="what holds a Job up is told and is no end",
        ),
    ],
)
def test_what_a_version_waits_for_is_told(observed: Observed, words: str) -> None:
    found = promote(PLAIN, observed)
    assert found.message.startswith(f"version 4 is not judged yet: {words}")
    assert found.actions == ()


@pytest.mark.parametrize(
    ("artifact", "words"),
    [
        pytest.param(GONE, "version 4 cannot be served: gone", id="its files are gone"),
        pytest.param(AWAY, "version 4 cannot be judged yet: no answer", id="S3 is away"),
    ],
)
def test_a_version_whose_files_cannot_be_read_says_so(artifact: Failure, words: str) -> None:
    assert promote(PLAIN, beside(artifacts={3: contract(), 4: artifact})).message == words


def test_a_comparison_that_nothing_holds_up_says_no_more() -> None:
    found = promote(PLAIN, beside(evaluations=(evaluation(),)))
    assert found.message.endswith(f"the Job {JOB} compares it with champion 3")


@pytest.mark.parametrize(
    "left",
    [
        pytest.param(evaluation(RunState.FAILED), id="one that ended"),
        pytest.param(evaluation(deleting=True), id="one that leaves"),
        pytest.param(
            evaluation(suspension=Suspension(ours=True, undone_by="kueue")),
            id="one that somebody let go on",
        ),
    ],
)
def test_of_comparisons_only_those_that_run_are_suspended(left: Any) -> None:
    assert promote(SUSPENDED, beside(evaluations=(left,))).actions == ()


def obsolete(name: str, state: RunState = RunState.FAILED, **about: Any) -> Any:
    return replace(evaluation(state, **about), name=name, evaluation="another")


def test_finished_comparisons_beyond_three_and_all_that_run_for_nobody_are_removed() -> None:
    found = outlived_evaluations(
        PLAIN,
        beside(
            evaluations=(
                *(obsolete(f"old-{number}") for number in range(1, 5)),
                obsolete("running", RunState.RUNNING),
                obsolete("leaving", RunState.RUNNING, deleting=True),
            )
        ),
    )
    assert found == (RemoveJob("running"), RemoveJob("old-1"))
