"""What is done about the Jobs that read images: begun, gone on with, and taken away."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import given
import pytest
from dandelion_operator.api import digests
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop import pace
from dandelion_operator.loop.decide.plan.decisions import IngestPhase, TrainingPhase
from dandelion_operator.loop.decide.plan.jobs import (
    ExpireJob,
    RemoveJob,
    StartIngest,
    StartTraining,
    SuspendJob,
)
from dandelion_operator.loop.report import report
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import (
    IngestJobSeen,
)
from given import ingest_job
from given.ingesting import (
    ASKED,
    AWAY,
    ID,
    LATER,
    MADE,
    REFUSED,
    run,
    world,
)


def test_an_annotation_that_is_taken_away_stops_it() -> None:
    known = {"state": "Running", "attempts": 1}
    plan = given.decided(given.resource(), world(known, ingests=(ingest_job(),)))
    assert plan.ingest.phase is IngestPhase.STOPPED
    assert plan.tidy == (RemoveJob(f"lawn-ingest-{ID}"),)


def test_a_later_one_stops_an_earlier_one_and_takes_its_job_away() -> None:
    others = tuple(
        ingest_job(state, value="before", name=f"lawn-ingest-{state}")
        for state in (RunState.RUNNING, RunState.SUCCEEDED)
    )
    plan = given.decided(ASKED, world({"value": "before", "state": "Running"}, ingests=others))
    assert {*plan.tidy} == {RemoveJob(job.name) for job in others}


def test_it_begins_with_what_a_run_would_begin_with() -> None:
    wanted = given.resource(ingest="now", training={"initialWeights": "champion"})
    (start,) = given.decided(wanted, world()).ingest.actions
    assert isinstance(start, StartIngest)
    assert start.former_dataset == MADE["version"]
    assert start.initial_weights == "s3://models/default/lawn/run3/artifact/model.safetensors"


def test_the_last_run_stands_on_its_labels_where_it_is_what_the_spec_asks_for() -> None:
    """Whom a release of before takes such a Job for."""
    (start,) = given.decided(ASKED, world()).ingest.actions
    assert isinstance(start, StartIngest)
    assert (start.run, start.training_hash) == ("run3", digests.training_hash(ASKED))
    changed = given.resource(ingest="now", training={"epochs": 20})
    nothing = replace(given.seen(), previous=given.status(dataset=MADE))
    for wanted, seen in (
        (changed, world()),
        (changed, world(jobs=(run(RunState.FAILED),))),
        (ASKED, world(jobs=(run(RunState.FAILED, created=LATER),))),
        (ASKED, nothing),
    ):
        begun = given.decided(wanted, seen).ingest.actions
        (other,) = (item for item in begun if isinstance(item, StartIngest))
        assert (other.run, other.training_hash) == ("", "")


def test_a_job_that_the_operator_suspended_goes_on() -> None:
    job = ingest_job(RunState.SUSPENDED)
    assert given.decided(ASKED, world(ingests=(job,))).ingest.actions == (
        SuspendJob(job.name, suspend=False),
    )


def test_a_run_begins_once_the_images_are_read() -> None:
    changed = given.resource(ingest="now", training={"epochs": 20})
    fresh = given.seen().dataset
    waits = given.decided(changed, world(ingests=(ingest_job(message="0 nodes"),), dataset=fresh))
    assert waits.train.phase is TrainingPhase.PENDING
    assert waits.train.actions == ()
    assert f"once the Job lawn-ingest-{ID} has read the images (0 nodes)" in waits.train.message
    plain = given.decided(changed, world(ingests=(ingest_job(),), dataset=fresh))
    assert "has read the images; without the annotation" in plain.train.message
    both = world(ingests=(ingest_job(),), dataset=fresh, registry=AWAY)
    assert "once MLflow answers" in given.decided(changed, both).train.message
    for over in (ingest_job(RunState.SUCCEEDED), ingest_job(deleting=True)):
        begins = given.decided(changed, world(ingests=(over,), dataset=fresh))
        assert any(isinstance(item, StartTraining) for item in begins.train.actions)


OVER = {"state": "Succeeded", "jobName": f"lawn-ingest-{ID}"}


@pytest.mark.parametrize(
    ("known", "about", "seconds", "expires"),
    [
        pytest.param(OVER, {}, 60, [60], id="its end is recorded"),
        pytest.param(OVER, {}, None, [], id="it is to be kept"),
        pytest.param(OVER | {"state": "Running"}, {}, 60, [], id="its end is not recorded"),
        pytest.param(None, {}, 60, [], id="nothing is"),
        pytest.param(OVER | {"jobName": "another"}, {}, 60, [], id="that of another is"),
        pytest.param(OVER, {"deleting": True}, 60, [], id="it goes already"),
        pytest.param(OVER, {"ttl_seconds": 5}, 60, [], id="somebody else said when"),
        pytest.param(OVER, {"ttl_seconds": 60, "expiry": 60}, 60, [], id="it was said"),
        pytest.param(OVER, {"ttl_seconds": 5, "expiry": 5}, 60, [60], id="it was said otherwise"),
        pytest.param(OVER, {"ttl_seconds": 5, "expiry": 5}, None, [None], id="kept after all"),
    ],
)
def test_a_job_expires_once_its_end_is_in_the_status(
    known: dict[str, Any] | None,
    about: dict[str, Any],
    seconds: int | None,
    expires: list[int | None],
) -> None:
    wanted = {"training": {"ttlSecondsAfterFinished": seconds}} if seconds else {}
    job = ingest_job(RunState.SUCCEEDED, **about)
    plan = given.decided(given.resource(ingest="now", **wanted), world(known, ingests=(job,)))
    assert [item.seconds for item in plan.tidy if isinstance(item, ExpireJob)] == expires


@pytest.mark.parametrize(
    ("asked", "job", "goes"),
    [
        ("", ingest_job(), True),
        ("", ingest_job(RunState.SUCCEEDED), False),
        ("", ingest_job(deleting=True), False),
        ("now", ingest_job(), False),
        ("now", ingest_job(RunState.FAILED), False),
        ("now", ingest_job(value="before"), True),
        ("now", ingest_job(RunState.SUCCEEDED, value="before"), True),
        ("now", ingest_job(value="before", deleting=True), False),
    ],
)
def test_which_jobs_are_taken_away(asked: str, job: IngestJobSeen, goes: bool) -> None:
    plan = given.decided(given.resource(ingest=asked), world(ingests=(job,)))
    assert plan.tidy == ((RemoveJob(job.name),) if goes else ())


@pytest.mark.parametrize(
    ("observed", "seconds"),
    [
        (world(ingests=(ingest_job(),)), 3.0),
        (world(dataset=REFUSED), 3.0),
        (
            world(
                ingests=(
                    ingest_job(RunState.FAILED, reason="StorageUnreachable", finished=given.NOW),
                )
            ),
            10.0,
        ),
        (world({"state": "Succeeded"}), 300.0),
    ],
)
def test_it_is_looked_at_as_often_as_it_changes(observed: Observed, seconds: float) -> None:
    plan = given.decided(ASKED, observed)
    status = report(ASKED, observed, plan, (), observed.now)
    assert pace.pause(observed, plan, status, 300.0) == seconds


@pytest.mark.parametrize(
    ("reason", "told"),
    [(Reason.UNSCHEDULABLE, Reason.UNSCHEDULABLE), (Reason.TRAINING_PENDING, None)],
)
def test_what_its_pod_waits_for_is_named_where_it_has_a_name_of_its_own(
    reason: Reason, told: Reason | None
) -> None:
    job = ingest_job(RunState.PENDING, waiting=Failure(reason, "words"))
    decision = given.decided(ASKED, world(ingests=(job,))).ingest
    assert (decision.reason, decision.message) == (told, "words")
