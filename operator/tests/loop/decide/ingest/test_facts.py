"""Which fact decides about reading images where several hold, and how a failed attempt ends."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import given
import pytest
from dandelion_operator.api import digests
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide.plan.decisions import IngestPhase
from dandelion_operator.loop.decide.plan.jobs import (
    StartIngest,
    StartTraining,
)
from dandelion_operator.seen.conclusions.attempts import ATTEMPT_LIMIT
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import (
    IngestJobSeen,
    Progress,
)
from given import ingest_job
from given.ingesting import (
    ASKED,
    AWAY,
    DENIED,
    FOUND,
    MADE,
    READ,
    REFUSED,
    failed,
    run,
    world,
)

P = IngestPhase
UNREAD = Progress(run="run4")
PINNED = {"storageUri": "s3://datasets/lawn", "version": f"sha256:{'a' * 64}"}


@pytest.mark.parametrize(
    ("observed", "pinned", "phase", "words"),
    [
        pytest.param(
            world({"state": "Succeeded"}), True, P.NOTHING, "", id="dealt with, then pinned"
        ),
        pytest.param(
            world(ingests=(ingest_job(deleting=True),)),
            True,
            P.REFUSED,
            "take it out",
            id="pinned, though its Job leaves",
        ),
        pytest.param(
            world(ingests=(ingest_job(RunState.SUCCEEDED, deleting=True),), ingest_progress=READ),
            False,
            P.PENDING,
            "is gone",
            id="its Job leaves, though it has read them",
        ),
        pytest.param(
            world(ingests=(failed(),), dataset=REFUSED),
            False,
            P.PENDING,
            "begins at",
            id="a pause, though nothing is accepted",
        ),
        pytest.param(
            world(dataset=REFUSED, jobs=(run(),), progress=UNREAD),
            False,
            P.PENDING,
            DENIED,
            id="nothing is accepted, though a run reads",
        ),
        pytest.param(
            replace(
                world(registry=AWAY, jobs=(run(),), progress=UNREAD),
                previous=given.status(training=given.training()),
            ),
            False,
            P.PENDING,
            "once run run4 has read them",
            id="a run reads, though MLflow is away",
        ),
        pytest.param(
            world(jobs=(run(deleting=True),), progress=UNREAD),
            False,
            P.PENDING,
            "is being started",
            id="a run that leaves reads nothing",
        ),
        pytest.param(
            world(jobs=(run(),), progress=Progress(run="run3", dataset=FOUND)),
            False,
            P.PENDING,
            "once run run4 has read them",
            id="what another run has read says nothing",
        ),
        pytest.param(
            world(jobs=(run(RunState.SUSPENDED),), progress=UNREAD),
            False,
            P.PENDING,
            "run run4 is suspended",
            id="a suspended run that has read nothing",
        ),
        pytest.param(
            world(jobs=(run(RunState.SUSPENDED, deleting=True),), progress=UNREAD),
            False,
            P.PENDING,
            "is being started",
            id="a suspended run that leaves",
        ),
        pytest.param(
            world(ingests=(ingest_job(attempt=ATTEMPT_LIMIT),)),
            False,
            P.FOLLOW,
            "",
            id="the last attempt goes on",
        ),
        pytest.param(
            world(
                ingests=(ingest_job(RunState.SUCCEEDED),),
                ingest_progress=replace(READ, dataset=None),
            ),
            False,
            P.FOLLOW,
            "is not read yet",
            id="a document without a dataset version",
        ),
    ],
)
def test_which_of_two_facts_decides(
    observed: Observed, pinned: bool, phase: IngestPhase, words: str
) -> None:
    about = {"dataset": PINNED} if pinned else {}
    decision = given.decided(given.resource(ingest="now", **about), observed).ingest
    assert decision.phase is phase
    assert words in decision.message


@pytest.mark.parametrize(
    ("job", "reason", "words"),
    [
        (failed("TooFewImages", message="grass: 3"), "TooFewImages", "grass: 3"),
        (failed(None, message=None), "InternalError", "it failed"),
    ],
)
def test_a_failure_for_good_has_a_reason_and_words(
    job: IngestJobSeen, reason: str, words: str
) -> None:
    decision = given.decided(ASKED, world(ingests=(job,))).ingest
    assert (decision.reason, decision.message) == (reason, words)


@pytest.mark.parametrize(
    ("job", "cause"),
    [
        (failed(), "StorageUnreachable: no answer;"),
        (failed(message=None), "StorageUnreachable: it failed;"),
        (failed(finished=None), "begins at 2026-01-01T00:00:30Z"),
    ],
)
def test_a_pause_has_a_reason_and_words(job: IngestJobSeen, cause: str) -> None:
    decision = given.decided(ASKED, world(ingests=(job,))).ingest
    assert decision.reason == "StorageUnreachable"
    assert cause in decision.message
    assert decision.not_before == "2026-01-01T00:00:30Z"


def test_attempts_at_another_one_do_not_count() -> None:
    known = {"value": "before", "state": "Succeeded", "attempts": 3}
    (start,) = given.decided(ASKED, world(known)).ingest.actions
    assert isinstance(start, StartIngest)
    assert start.attempt == 1


@pytest.mark.parametrize(
    ("weights", "dataset", "waits"),
    [
        ("auto", MADE, False),
        ("champion", MADE, True),
        ("auto", None, True),
        ("auto", {"images": 3}, True),
    ],
)
def test_mlflow_is_waited_for_where_it_alone_knows_what_to_begin_with(
    weights: str, dataset: dict[str, Any] | None, waits: bool
) -> None:
    wanted = given.resource(ingest="now", training={"initialWeights": weights})
    known = given.training(training_hash=digests.training_hash(wanted))
    told = {"dataset": dataset} if dataset else {}
    before = given.status(training=known, **told)
    decision = given.decided(wanted, world(previous=before, registry=AWAY)).ingest
    assert ("once MLflow answers" in decision.message) is waits
    assert (decision.actions == ()) is waits


def test_it_is_done_while_training_is_suspended() -> None:
    wanted = given.resource(ingest="now", suspend=True)
    plan = given.decided(wanted, world())
    (start,) = plan.ingest.actions
    assert isinstance(start, StartIngest)
    assert not any(isinstance(item, StartTraining) for item in plan.train.actions)
    running = given.decided(wanted, world(ingests=(ingest_job(),)))
    assert running.ingest.actions == (), "spec.suspend does not suspend its Job"


def test_a_pinned_version_leaves_nothing_to_read() -> None:
    pinned = {"storageUri": "s3://datasets/lawn", "version": f"sha256:{'a' * 64}"}
    decision = given.decided(given.resource(ingest="now", dataset=pinned), world()).ingest
    assert decision.phase is IngestPhase.REFUSED
    assert "take it out to have the images read" in decision.message
