"""The status: times that move on flips only, bounded history, progress, and one word for people."""

from __future__ import annotations

from dataclasses import replace

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status.history import HISTORY_LIMIT
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import Progress
from given import LATER, NOW, deployment, job, resource, seen, serving, status
from given.report.told import PLAIN, message, told


def test_times_move_on_flips_only() -> None:
    first = told(seen(jobs=(job(),)))
    second = told(seen(jobs=(job(),), previous=first), now=LATER)
    assert second == first
    flipped = told(serving(1, previous=first), now=LATER)
    moved = {item.type.value for item in flipped.conditions if item.last_transition_time == LATER}
    assert moved == {"Trained", "Promoted", "RolledOut", "Ready"}


def test_the_same_state_told_twice_is_the_same_status() -> None:
    first = told(serving(3))
    assert told(replace(serving(3), previous=first), now=LATER) == first


def test_progress_is_shown_and_a_finished_run_is_at_100() -> None:
    running = told(seen(jobs=(job(),), progress=Progress("run1", "running", "training", 42)))
    assert running.training is not None
    assert (running.training.progress_percent, running.training.stage) == (42, "training")
    assert message(running, "Trained") == "run run1, training: 42%"
    done = told(serving(1, previous=running))
    assert done.training is not None
    assert (done.training.progress_percent, done.training.stage) == (100, None)


def test_progress_of_another_run_is_not_shown() -> None:
    found = told(seen(jobs=(job(),), progress=Progress("run0", "running", "training", 90)))
    assert found.training is not None
    assert found.training.progress_percent == 0


def test_history_is_bounded_and_newest_first() -> None:
    old = [{"time": NOW, "decision": "FollowedAlias", "version": str(n)} for n in range(30)]
    before = status(champion={"version": "2"}, history=old, training=given.training("run3"))
    found = told(serving(3, previous=before), now=LATER)
    assert len(found.history) == HISTORY_LIMIT
    assert (found.history[0].decision, found.history[0].version) == ("FollowedAlias", "3")


def test_the_status_survives_being_written_and_read_back() -> None:
    found = told(serving(3))
    assert given.status(**found.as_json()) == found


def test_a_status_that_somebody_broke_is_made_anew() -> None:
    broken = status(training={"run": 5}, champion="x", history="y", url="kept")
    assert (broken.training, broken.champion, broken.history) == (None, None, ())
    assert broken.url == "kept"


INT8 = replace(given.contract(), precision="int8")


@pytest.mark.parametrize(
    ("asked", "observed", "shown"),
    [
        pytest.param("auto", serving(3, artifacts={3: INT8}), "int8", id="what training chose"),
        pytest.param("auto", serving(3), "fp32", id="an artifact from before there was a choice"),
        pytest.param("fp32", serving(3, artifacts={3: INT8}), "fp32", id="what is asked for"),
        pytest.param(
            "auto",
            serving(
                3, artifacts={}, previous=status(champion={"version": "3", "precision": "bf16"})
            ),
            "bf16",
            id="what was known before storage went away",
        ),
        pytest.param("auto", serving(3, artifacts={}), None, id="nothing known"),
    ],
)
def test_the_precision_of_the_champion_is_shown(
    asked: str, observed: Observed, shown: str | None
) -> None:
    wanted = resource(serving={"precision": asked})
    seen_so = replace(observed, deployment=deployment(3, wanted))
    champion = told(seen_so, wanted).champion
    assert champion is not None
    assert champion.precision == shown


@pytest.mark.parametrize(
    ("observed", "wanted", "phase"),
    [
        (seen(), PLAIN, "Pending"),
        (seen(dataset=Failure(Reason.DATASET_EMPTY, "empty")), PLAIN, "Blocked"),
        (seen(jobs=(job(),)), PLAIN, "Training"),
        (seen(), resource(suspend=True), "Suspended"),
        (serving(3), PLAIN, "Serving"),
        (serving(3, deployment=deployment(3, available=0)), PLAIN, "RollingOut"),
        (seen(previous=status(training=given.training(state="Failed"))), PLAIN, "Failed"),
    ],
)
def test_phase_is_one_word_for_people(observed: Observed, wanted: Resource, phase: str) -> None:
    assert told(observed, wanted).phase == phase
