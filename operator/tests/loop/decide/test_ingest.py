"""Whether the images are read because a person asks for it, and what that waits for."""

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
from dandelion_operator.seen.conclusions.attempts import ATTEMPT_LIMIT
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import (
    DatasetVersionSeen,
    IngestJobSeen,
    Progress,
    Suspension,
)
from given import ingest_job

ASKED = given.resource(ingest="now")
ID = digests.ingest("uid-1", "now")
SOON, LATER = "2026-01-01T00:00:20Z", "2026-01-01T12:00:00Z"
FOUND = DatasetVersionSeen(f"sha256:{'e' * 64}", images=40, class_count=2, holdout=8)
READ = Progress(run=f"ingests/{ID}", state="succeeded", percent=100, dataset=FOUND)
AWAY = Failure(Reason.REGISTRY_UNREACHABLE, "no answer")
REFUSED = Failure(Reason.CREDENTIALS_REJECTED, "the key is refused")
DENIED = "the key is refused"
MADE = {"version": f"sha256:{'d' * 64}"}


def world(known: dict[str, Any] | None = None, **about: Any) -> Observed:
    """Version 3 serves; `known` is what status.ingest says."""
    before = given.status(
        champion={"version": "3"},
        training=given.training("run3"),
        dataset=MADE,
        **({"ingest": {"value": "now", **known}} if known else {}),
    )
    return given.serving(3, **({"previous": before, "dataset": None, "now": SOON} | about))


def run(state: RunState = RunState.RUNNING, **about: Any) -> Any:
    """Of another spec, so that it is not the one that is done."""
    return given.job("run4", state, **about)


def training(read: bool, state: RunState = RunState.RUNNING) -> Observed:
    found = Progress(run="run4", dataset=FOUND if read else None)
    return world(jobs=(run(state),), progress=found)


P = IngestPhase


@pytest.mark.parametrize(
    ("observed", "phase", "attempts", "words"),
    [
        pytest.param(world(), P.PENDING, [1], "is being started", id="at once"),
        pytest.param(
            world({"state": "Succeeded"}), P.NOTHING, [], "", id="a value is dealt with once"
        ),
        pytest.param(world({"state": "Failed"}), P.NOTHING, [], "", id="a failed one as well"),
        pytest.param(
            world({"state": "Stopped", "attempts": 1}),
            P.PENDING,
            [2],
            "is being started",
            id="but for one that was stopped",
        ),
        pytest.param(
            world({"value": "before", "state": "Running"}),
            P.PENDING,
            [1],
            "is being started",
            id="another value makes another one",
        ),
        pytest.param(
            training(read=False), P.PENDING, [], "once run run4 has read them", id="after a run"
        ),
        pytest.param(
            training(read=True), P.PENDING, [1], "is being started", id="that has read, beside it"
        ),
        pytest.param(
            training(read=True, state=RunState.SUSPENDED),
            P.PENDING,
            [],
            "run run4 is suspended, and reads the images first",
            id="after a run that will read anew",
        ),
        pytest.param(
            world(dataset=REFUSED), P.PENDING, [], DENIED, id="not while nothing is accepted"
        ),
        pytest.param(world(credentials=REFUSED), P.PENDING, [], DENIED, id="not without its keys"),
        pytest.param(
            world(registry=AWAY), P.PENDING, [1], "is being started", id="MLflow is not needed"
        ),
        pytest.param(
            replace(world(registry=AWAY), previous=given.status(training=given.training())),
            P.PENDING,
            [],
            "once MLflow answers",
            id="unless it alone knows the version before",
        ),
        pytest.param(world(ingests=(ingest_job(),)), P.FOLLOW, [], "", id="its Job is followed"),
        pytest.param(
            world(ingests=(ingest_job(value="former"),)),
            P.PENDING,
            [1],
            "is being started",
            id="the Job of another one is not",
        ),
        pytest.param(
            world(ingests=(ingest_job(deleting=True),)),
            P.PENDING,
            [],
            "is gone",
            id="a Job that leaves is waited for",
        ),
        pytest.param(
            world(
                ingests=(
                    ingest_job(
                        RunState.PENDING,
                        waiting=Failure(Reason.UNSCHEDULABLE, "0 nodes have room"),
                    ),
                )
            ),
            P.FOLLOW,
            [],
            "0 nodes have room",
            id="what holds its pod up is told",
        ),
        pytest.param(
            world(
                ingests=(
                    ingest_job(
                        RunState.SUSPENDED,
                        suspension=Suspension(held_by="Kueue, in the queue gpus"),
                        message="its Job is suspended by Kueue",
                    ),
                )
            ),
            P.FOLLOW,
            [],
            "suspended by Kueue",
            id="a queue may hold it",
        ),
        pytest.param(
            world(ingests=(ingest_job(RunState.SUCCEEDED),), ingest_progress=READ),
            P.COMPLETE,
            [],
            "",
            id="it has read them",
        ),
        pytest.param(
            world(ingests=(ingest_job(RunState.SUCCEEDED),)),
            P.FOLLOW,
            [],
            "what it found is not read yet",
            id="what it found has to be read",
        ),
        pytest.param(
            world(
                ingests=(ingest_job(RunState.SUCCEEDED),),
                ingest_progress=replace(READ, state="running"),
            ),
            P.FOLLOW,
            [],
            "what it found is not read yet",
            id="and not what an earlier attempt said",
        ),
        pytest.param(
            world(
                ingests=(ingest_job(RunState.FAILED, reason="TooFewImages", message="grass: 3"),)
            ),
            P.FAILED,
            [],
            "grass: 3",
            id="what no attempt can help fails",
        ),
        pytest.param(
            world(
                ingests=(
                    ingest_job(
                        RunState.FAILED,
                        reason="StorageUnreachable",
                        finished="2026-01-01T00:00:10Z",
                    ),
                )
            ),
            P.PENDING,
            [],
            "attempt 2 of at most 8 begins at 2026-01-01T00:00:40Z",
            id="infrastructure is given a pause",
        ),
        pytest.param(
            world(
                ingests=(
                    ingest_job(RunState.FAILED, reason="StorageUnreachable", finished=given.NOW),
                ),
                now=LATER,
            ),
            P.PENDING,
            [2],
            "is being started",
            id="and tried again",
        ),
        pytest.param(
            world(
                ingests=(
                    ingest_job(RunState.FAILED, reason="StorageUnreachable", attempt=ATTEMPT_LIMIT),
                ),
                now=LATER,
            ),
            P.FAILED,
            [],
            f"given up after {ATTEMPT_LIMIT} attempts",
            id="not without end",
        ),
        pytest.param(
            world(
                ingests=(
                    ingest_job(RunState.FAILED, reason="StorageUnreachable", finished=given.NOW),
                ),
                dataset=REFUSED,
                now=LATER,
            ),
            P.PENDING,
            [],
            DENIED,
            id="nor while storage says why",
        ),
        pytest.param(
            world({"state": "Running", "attempts": 1, "startedAt": given.NOW}),
            P.PENDING,
            [2],
            "is being started",
            id="a Job that is gone is made again",
        ),
        pytest.param(
            world({"state": "Running", "attempts": 2, "startedAt": given.NOW}),
            P.PENDING,
            [],
            "the Job of attempt 2 is gone; attempt 3",
            id="after a pause the second time",
        ),
        pytest.param(
            world({"state": "Running", "attempts": ATTEMPT_LIMIT, "startedAt": given.NOW}),
            P.FAILED,
            [],
            "see who deletes Jobs",
            id="and not for ever",
        ),
    ],
)
def test_when_the_images_are_read(
    observed: Observed, phase: IngestPhase, attempts: list[int], words: str
) -> None:
    decision = given.decided(ASKED, observed).ingest
    assert decision.phase is phase
    assert [x.attempt for x in decision.actions if isinstance(x, StartIngest)] == attempts
    assert words in decision.message


@pytest.mark.parametrize("known", [None, {"state": "Succeeded"}])
def test_nothing_is_read_that_nobody_asks_for(known: dict[str, Any] | None) -> None:
    plan = given.decided(given.resource(), world(known))
    assert (plan.ingest.phase, plan.ingest.actions) == (IngestPhase.NOTHING, ())


def failed(reason: str | None = "StorageUnreachable", **about: Any) -> IngestJobSeen:
    fields = {"message": "no answer", "finished": given.NOW}
    return ingest_job(RunState.FAILED, reason=reason, **(fields | about))


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
