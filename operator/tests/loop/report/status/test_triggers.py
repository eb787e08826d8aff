"""What the status tells of triggers, and that it stays as it is while nothing happens."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status import Status
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.report import report
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import DatasetSeen, NewObjects
from given import job, serving, status, training

DAILY = given.resource(triggers={"schedule": "0 3 * * *", "timeZone": "Europe/Paris"})
BUDGETED = given.resource(triggers={"maxRunsPerWeek": 1, "cooldownSeconds": 60})
WATCHED = given.resource(triggers={"newImages": 50})
SEVEN = NewObjects("sha256:1", 7, enough="", newest=given.NOW, listed=given.NOW)
NOW, LATER, NEXT = "2026-01-10T12:00:00Z", "2026-01-10T18:00:00Z", "2026-01-11T02:00:00Z"


def reported(resource: Resource, observed: Observed) -> Status:
    plan = given.decided(resource, observed)
    return report(resource, observed, plan, (), observed.now)


def after(previous: Status, now: str) -> Observed:
    return replace(serving(1), previous=previous, now=now)


def first(resource: Resource, **about: Any) -> Status:
    return reported(resource, after(status(training=training("run1", **about)), NOW))


def test_nothing_is_told_of_what_is_not_used() -> None:
    assert first(given.resource()).triggers is None
    assert "triggers" not in first(given.resource(triggers={})).as_json()


def test_a_schedule_is_told_with_its_beginning_and_its_next_moment() -> None:
    assert first(DAILY).as_json()["triggers"] == {
        "schedule": {"expression": "0 3 * * *", "timeZone": "Europe/Paris", "since": NOW},
        "nextScheduleTime": NEXT,
        "startedAt": [],
    }


@pytest.mark.parametrize("resource", [DAILY, BUDGETED, WATCHED])
def test_before_the_first_run_none_was_started(resource: Resource) -> None:
    told = reported(resource, given.seen(now=NOW)).triggers
    assert told is not None
    assert told.started_at == ()


@pytest.mark.parametrize("resource", [given.resource(), DAILY, BUDGETED])
def test_time_that_passes_changes_nothing_before_a_moment_comes(resource: Resource) -> None:
    told = first(resource)
    assert reported(resource, after(told, LATER)) == told


def test_a_schedule_that_is_written_otherwise_begins_anew() -> None:
    told = reported(given.resource(triggers={"schedule": "0 3 * * *"}), after(first(DAILY), LATER))
    assert told.triggers is not None
    assert told.triggers.schedule is not None
    assert (told.triggers.schedule.since, told.triggers.schedule.time_zone) == (LATER, None)


def test_a_schedule_that_is_taken_away_is_forgotten() -> None:
    told = reported(BUDGETED, after(first(DAILY), LATER))
    assert told.triggers is not None
    assert (told.triggers.schedule, told.triggers.next_schedule_time) == (None, None)


@pytest.mark.parametrize(
    ("known", "jobs", "told"),
    [
        pytest.param([], [("Schedule", NOW)], [NOW], id="one is added"),
        pytest.param([], [("SpecChanged", NOW)], [], id="not what a person started"),
        pytest.param([], [("Schedule", None)], [], id="not one of which that is not known"),
        pytest.param([NOW], [("Schedule", NOW)], [NOW], id="once, however often it is seen"),
        pytest.param(
            ["2026-01-09T03:00:00Z", "2025-12-30T03:00:00Z"],
            [("DatasetChanged", NOW)],
            [NOW, "2026-01-09T03:00:00Z"],
            id="what is too old to count goes when one is added",
        ),
        pytest.param(
            ["2025-12-30T03:00:00Z"], [], ["2025-12-30T03:00:00Z"], id="and not before that"
        ),
        pytest.param([], [("Schedule", "2025-12-30T03:00:00Z")], [], id="nor is it added"),
    ],
)
def test_the_starts_of_a_week_are_kept(
    known: list[str], jobs: list[tuple[str, str | None]], told: list[str]
) -> None:
    seen = tuple(
        job(f"run{number}", RunState.SUCCEEDED, trigger=trigger, decided=decided)
        for number, (trigger, decided) in enumerate(jobs)
    )
    previous = status(training=training("run1"), triggers={"startedAt": known})
    found = reported(BUDGETED, replace(after(previous, NOW), jobs=seen)).triggers
    assert found is not None
    assert list(found.started_at) == told


def test_what_waits_without_a_moment_of_its_own_keeps_the_first() -> None:
    failed = training("run2", "Failed", reason="TooFewClasses", finishedAt="2026-01-10T11:59:30Z")
    observed = replace(after(status(training=failed), NOW), dataset=DatasetSeen("images-2", 50))
    told = reported(BUDGETED, observed)
    again = replace(observed, previous=told, now="2026-01-10T12:00:10Z")
    assert told.triggers is not None
    assert told.triggers.waiting is not None
    waiting = told.triggers.waiting
    assert (waiting.since, waiting.until) == (NOW, "2026-01-10T12:00:30Z")
    assert waiting.reason == "Cooldown"
    assert reported(BUDGETED, again) == told


def test_what_waits_is_not_due_since_something_else_was() -> None:
    waited = {"trigger": "Schedule", "since": "2026-01-09T03:00:00Z"}
    failed = training("run2", "Failed", reason="TooFewClasses", finishedAt="2026-01-10T11:59:30Z")
    observed = replace(
        after(status(training=failed, triggers={"waiting": waited}), NOW),
        dataset=DatasetSeen("images-2", 50),
    )
    told = reported(BUDGETED, observed).triggers
    assert told is not None
    assert told.waiting is not None
    assert (told.waiting.trigger, told.waiting.since) == ("DatasetChanged", NOW)


def test_the_history_tells_what_started_a_run_with_its_numbers() -> None:
    words = 'due 2026-01-10T02:00:00Z by "0 3 * * *" Europe/Paris'
    started = job("run2", trigger="Schedule", trigger_message=words, decided=NOW)
    told = reported(DAILY, replace(after(first(DAILY), NOW), jobs=(started,)))
    newest = next(item for item in told.history if item.decision == "TrainingStarted")
    assert (newest.trigger, newest.reason) == ("Schedule", f"run run2: {words}")
    assert told.training is not None
    assert (told.training.trigger_message, told.training.decided_at) == (words, NOW)


def test_what_another_release_tells_otherwise_is_forgotten_and_nothing_else() -> None:
    other = status(training=training("run1"), triggers={"schedule": "0 3 * * *"}, phase="Serving")
    assert other.triggers is None
    assert other.training is not None


@pytest.mark.parametrize(
    ("resource", "dataset", "told"),
    [
        pytest.param(WATCHED, DatasetSeen("images-2", 47, new=SEVEN), 7, id="those that are seen"),
        pytest.param(WATCHED, None, 3, id="those of before, while nobody looks"),
        pytest.param(
            WATCHED, Failure(Reason.STORAGE_UNREACHABLE, "no answer"), 3, id="or nobody can"
        ),
        pytest.param(
            WATCHED, DatasetSeen("images-2", 47, uncounted="no note"), None, id="no number at all"
        ),
        pytest.param(BUDGETED, DatasetSeen("images-2", 47, new=SEVEN), None, id="not asked for"),
    ],
)
def test_new_images_are_counted(
    resource: Resource, dataset: DatasetSeen | Failure | None, told: int | None
) -> None:
    previous = status(training=training("run1"), triggers={"newImages": 3})
    found = reported(resource, replace(after(previous, NOW), dataset=dataset)).triggers
    assert found is not None
    assert found.new_images == told


EARLIER, EARLIEST = "2026-01-10T10:00:00Z", "2026-01-10T09:00:00Z"
AT_ADDRESSES = NewObjects("sha256:1", 70, EARLIER, newest=NOW, listed=NOW, addresses=1)


@pytest.mark.parametrize(
    ("resource", "new", "known", "told"),
    [
        pytest.param(WATCHED, AT_ADDRESSES, None, ("sha256:1", EARLIER), id="from now on"),
        pytest.param(
            WATCHED, AT_ADDRESSES, ("sha256:1", EARLIEST), ("sha256:1", EARLIEST), id="as before"
        ),
        pytest.param(
            WATCHED, AT_ADDRESSES, ("sha256:1", NOW), ("sha256:1", EARLIER), id="not a later moment"
        ),
        pytest.param(
            WATCHED, AT_ADDRESSES, ("sha256:0", EARLIEST), ("sha256:1", EARLIER), id="of this one"
        ),
        pytest.param(
            WATCHED, None, ("sha256:1", EARLIEST), ("sha256:1", EARLIEST), id="while nobody looks"
        ),
        pytest.param(
            WATCHED,
            replace(AT_ADDRESSES, enough=""),
            ("sha256:1", EARLIEST),
            None,
            id="not once there are too few",
        ),
        pytest.param(
            WATCHED,
            replace(AT_ADDRESSES, addresses=0),
            ("sha256:1", EARLIEST),
            None,
            id="not of files, whose moments are known",
        ),
        pytest.param(BUDGETED, AT_ADDRESSES, ("sha256:1", EARLIEST), None, id="not asked for"),
    ],
)
def test_since_when_there_are_enough_is_remembered(
    resource: Resource,
    new: NewObjects | None,
    known: tuple[str, str] | None,
    told: tuple[str, str] | None,
) -> None:
    memory = {"datasetVersion": known[0], "since": known[1]} if known else None
    previous = status(training=training("run1"), triggers={"enoughImages": memory})
    dataset = DatasetSeen("images-2", 47, new=new) if new is not None else None
    found = reported(resource, replace(after(previous, NOW), dataset=dataset)).triggers
    assert found is not None
    enough = found.enough_images
    assert ((enough.dataset_version, enough.since) if enough else None) == told
