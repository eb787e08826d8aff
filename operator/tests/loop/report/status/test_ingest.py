"""What the status and Accepted tell of a reading of the images that a person asked for."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import given
import pytest
from dandelion_operator.api import digests
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.status import Status
from dandelion_operator.api.status.ingest import Ingest, IngestState
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide.plan import Refusal
from dandelion_operator.loop.decide.plan.jobs import StartIngest
from dandelion_operator.loop.report.history.ingest import of_ingest
from dandelion_operator.loop.report.ingest import told as in_words
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import DatasetVersionSeen, Progress
from given import LATER, NOW, ingest_job
from given.report.told import message, told

ID = digests.ingest("uid-1", "now")
ASKED = given.resource(ingest="now")
FOUND = DatasetVersionSeen(
    f"sha256:{'e' * 64}",
    images=1200,
    class_count=3,
    holdout=240,
    since=f"sha256:{'d' * 64}",
    changes={"added": 12, "relabelled": 1, "classesGained": 1},
)


def world(known: dict[str, Any] | None = None, **about: Any) -> Observed:
    before = given.status(
        champion={"version": "3"},
        training=given.training("run3"),
        dataset={"version": FOUND.since},
        **({"ingest": {"value": "now", **known}} if known else {}),
    )
    return given.serving(3, **({"previous": before, "dataset": None, "now": NOW} | about))


def ingest(found: Status) -> Ingest:
    assert found.ingest is not None
    return found.ingest


@pytest.mark.parametrize(
    ("observed", "state", "percent"),
    [
        pytest.param(world(), IngestState.PENDING, 0, id="before its Job"),
        pytest.param(
            world(ingests=(ingest_job(RunState.PENDING),)),
            IngestState.PENDING,
            0,
            id="its pod waits",
        ),
        pytest.param(
            world(ingests=(ingest_job(RunState.SUSPENDED),)),
            IngestState.PENDING,
            0,
            id="a queue holds it",
        ),
        pytest.param(
            world(ingests=(ingest_job(),), ingest_progress=Progress("x", percent=45)),
            IngestState.RUNNING,
            45,
            id="it reads",
        ),
        pytest.param(
            world(ingests=(ingest_job(RunState.SUCCEEDED),)),
            IngestState.RUNNING,
            0,
            id="what it found is not read",
        ),
        pytest.param(
            world(
                ingests=(ingest_job(RunState.SUCCEEDED),),
                ingest_progress=Progress("x", "succeeded", dataset=FOUND),
            ),
            IngestState.SUCCEEDED,
            100,
            id="what it found is",
        ),
        pytest.param(
            world(
                {"state": "Running", "progressPercent": 45},
                ingests=(ingest_job(RunState.FAILED, reason="TooFewImages"),),
            ),
            IngestState.FAILED,
            45,
            id="it failed",
        ),
    ],
)
def test_its_state_and_how_far_it_is(observed: Observed, state: IngestState, percent: int) -> None:
    found = ingest(told(observed, ASKED))
    assert (found.value, found.state, found.progress_percent) == ("now", state, percent)
    assert (found.finished_at is not None) is state.finished


def test_what_it_found_is_remembered_and_told_once() -> None:
    done = world(
        {"state": "Running", "requestedBy": "ada", "attempts": 1},
        ingests=(ingest_job(RunState.SUCCEEDED, finished=LATER),),
        ingest_progress=Progress("x", "succeeded", dataset=FOUND),
    )
    first = told(done, ASKED)
    found = ingest(first)
    assert (found.dataset_version, found.since) == (FOUND.version, FOUND.since)
    assert found.changes == FOUND.changes
    assert (found.job_name, found.finished_at) == (f"lawn-ingest-{ID}", LATER)
    assert found.requested_by == "ada"
    again = told(replace(done, previous=first, ingest_progress=Progress()), ASKED)
    assert again.ingest == found
    assert again.dataset == first.dataset
    assert [item.decision for item in again.history] == ["DatasetIngested"]


@pytest.mark.parametrize(
    ("found", "words"),
    [
        (
            FOUND,
            "dataset version sha256:eeeeeeee…: 1,200 images of 3 classes, 240 held out; since "
            "version sha256:dddddddd… 12 added, 1 with another label, 1 class gained",
        ),
        (
            replace(FOUND, since=FOUND.version, changes={}),
            "no change since dataset version sha256:eeeeeeee…: 1,200 images of 3 classes, 240 held "
            "out",
        ),
        (
            replace(FOUND, since=None, changes={}, images=1, class_count=1),
            "dataset version sha256:eeeeeeee…: 1 image of 1 class, 240 held out",
        ),
        (
            replace(FOUND, changes={}),
            "dataset version sha256:eeeeeeee…: 1,200 images of 3 classes, 240 held out; since "
            "version sha256:dddddddd… no image has changed, but how they are split",
        ),
        (
            replace(FOUND, since=None, rejected={"small": 1, "unreadable": 2}, warnings=("w",)),
            "dataset version sha256:eeeeeeee…: 1,200 images of 3 classes, 240 held out; left out: "
            "unreadable 2, small 1; 1 warning in status.dataset.warnings",
        ),
    ],
)
def test_what_it_found_in_words(found: DatasetVersionSeen, words: str) -> None:
    assert in_words(found) == words


@pytest.mark.parametrize(
    ("known", "words"),
    [
        (
            {"state": "Failed", "reason": "TooFewImages", "message": "grass: 3"},
            "; the images could not be read as dandelion.dev/ingest asks: TooFewImages: grass: 3",
        ),
        (
            {"state": "Refused", "message": "a version is pinned"},
            "; the images are not read as dandelion.dev/ingest asks: a version is pinned",
        ),
        ({"state": "Succeeded", "message": "1,200 images"}, ""),
        ({"state": "Stopped", "message": "nobody asks"}, ""),
    ],
)
def test_what_became_of_it_stands_in_accepted(known: dict[str, Any], words: str) -> None:
    wanted = given.resource() if known["state"] == "Stopped" else ASKED
    found = told(world(known | {"finishedAt": LATER}), wanted)
    plain = told(world(), given.resource())
    assert message(found, "Accepted") == message(plain, "Accepted") + words


def test_what_it_waits_for_stands_in_accepted() -> None:
    waiting = Failure(Reason.UNSCHEDULABLE, "0 nodes")
    held_up = world(ingests=(ingest_job(RunState.PENDING, waiting=waiting),))
    said = message(told(held_up, ASKED), "Accepted")
    assert said.endswith("; dandelion.dev/ingest waits: Unschedulable: 0 nodes")
    quiet = message(told(world(ingests=(ingest_job(RunState.PENDING),)), ASKED), "Accepted")
    assert "dandelion.dev/ingest" not in quiet


@pytest.mark.parametrize(
    ("finished", "started", "stands"),
    [
        (LATER, NOW, True),
        (NOW, NOW, True),
        (NOW, LATER, False),
        (None, LATER, True),
        (NOW, None, True),
    ],
)
def test_a_run_that_began_since_has_read_the_images_itself(
    finished: str | None, started: str | None, stands: bool
) -> None:
    known = {"state": "Failed", "message": "grass: 3"}
    told_at = {"finishedAt": finished} if finished else {}
    before = world(known | told_at)
    run = given.training("run3", **({"startedAt": started} if started else {}))
    if started is None:
        del run["startedAt"]
    previous = before.previous.model_copy(update={"training": given.status(training=run).training})
    found = told(replace(before, previous=previous), ASKED)
    assert ("grass: 3" in message(found, "Accepted")) is stands


def test_without_any_run_it_stands_too() -> None:
    known = given.status(ingest={"value": "now", "state": "Failed", "finishedAt": NOW})
    found = told(given.seen(previous=known, dataset=None), given.resource(ingest="now"))
    assert "could not be read" in message(found, "Accepted")


def test_a_refused_job_is_told() -> None:
    observed = world()
    action = StartIngest(ID, "auto", str(FOUND.since), "run3", digests.training_hash(ASKED))
    for taken, reason in ((False, None), (True, "NameTaken")):
        refusal = Refusal(action, "over quota", refused_for_good=True, name_taken=taken)
        found = ingest(told(observed, ASKED, refusals=(refusal,)))
        assert (found.state, found.reason) == (IngestState.PENDING, reason)
        assert found.message == "the Job is refused: over quota"


def entries(before: Ingest | None, now: Ingest | None) -> list[tuple[str, str | None]]:
    return [(item.decision, item.reason) for item in of_ingest(before, now, NOW)]


RUNNING = Ingest(value="a", state=IngestState.RUNNING, requested_by="ada")
FAILED = Ingest(value="a", state=IngestState.FAILED, reason="TooFewImages", message="grass: 3")


@pytest.mark.parametrize(
    ("before", "now", "told"),
    [
        (None, None, []),
        (None, RUNNING, []),
        (RUNNING, RUNNING, []),
        (RUNNING, FAILED, [("IngestFailed", "TooFewImages: grass: 3")]),
        (None, FAILED, [("IngestFailed", "TooFewImages: grass: 3")]),
        (FAILED, FAILED, []),
        (
            RUNNING,
            Ingest(value="b"),
            [("IngestStopped", "it made way for one that was asked for later")],
        ),
        (FAILED, Ingest(value="b"), []),
        (
            FAILED,
            Ingest(value="b", state=IngestState.SUCCEEDED, message="found"),
            [("DatasetIngested", "found")],
        ),
        (
            RUNNING,
            Ingest(value="a", state=IngestState.STOPPED, message="nobody asks"),
            [("IngestStopped", "nobody asks")],
        ),
        (
            None,
            Ingest(value="a", state=IngestState.REFUSED, message="pinned"),
            [("IngestRefused", "pinned")],
        ),
    ],
)
def test_each_outcome_is_one_entry(
    before: Ingest | None, now: Ingest | None, told: list[tuple[str, str]]
) -> None:
    assert entries(before, now) == told
