"""Triggers: which starts another run of the same spec, and which does not."""

from __future__ import annotations

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide.plan.decisions import TrainingPhase
from dandelion_operator.loop.decide.plan.jobs import RemoveJob
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import DatasetSeen
from given import job, registry, seen, version
from given.triggers import start, train
from given.triggers.weekly import (
    AWAY,
    DUE,
    LISTING,
    MUCH_LATER,
    NEXT_DUE,
    SATURDAY,
    SOON_AFTER,
    SUNDAY,
    WEDNESDAY,
    WEEKLY,
    after,
    known,
    weekly,
)


@pytest.mark.parametrize(
    ("resource", "observed", "starts"),
    [
        pytest.param(WEEKLY, after(SUNDAY), False, id="not a second before it is due"),
        pytest.param(WEEKLY, after(DUE), True, id="once it is due"),
        pytest.param(WEEKLY, after(MUCH_LATER), True, id="weeks after it was due"),
        pytest.param(
            WEEKLY, after(SOON_AFTER, started=DUE), False, id="not for what a run has served"
        ),
        pytest.param(
            WEEKLY,
            after(SOON_AFTER, started=SUNDAY, decidedAt=DUE),
            False,
            id="not for what a run has served, by another clock",
        ),
        pytest.param(
            WEEKLY,
            after(SOON_AFTER, started=SOON_AFTER, decidedAt=SATURDAY, attempts=2),
            True,
            id="although the last run was attempted again since",
        ),
        pytest.param(WEEKLY, after(MUCH_LATER, started=NEXT_DUE), True, id="once more, later"),
        pytest.param(given.resource(), after(MUCH_LATER), False, id="not without a schedule"),
        pytest.param(
            WEEKLY,
            after(MUCH_LATER, triggers={}),
            False,
            id="not for what was due before the schedule was there",
        ),
        pytest.param(
            WEEKLY,
            after(SOON_AFTER, triggers=known(since=SOON_AFTER)),
            False,
            id="not for what was due before it was seen",
        ),
        pytest.param(
            WEEKLY,
            after(MUCH_LATER, triggers=known("0 3 * * 1")),
            False,
            id="not for what was due before it was changed",
        ),
        pytest.param(
            weekly(timeZone="Europe/Paris"),
            after(MUCH_LATER),
            False,
            id="not for what was due before its zone was changed",
        ),
        pytest.param(
            weekly(timeZone="Europe/Paris"),
            after("2026-11-29T02:00:00Z", triggers=known(timeZone="Europe/Paris")),
            True,
            id="once it is due in Paris",
        ),
        pytest.param(WEEKLY, after(DUE, state="Failed"), True, id="once it is due after a failure"),
        pytest.param(
            WEEKLY,
            after(SOON_AFTER, started=DUE, state="Failed"),
            False,
            id="not again for the moment whose run failed",
        ),
        pytest.param(
            WEEKLY,
            after(SOON_AFTER, jobs=(job(created=WEDNESDAY),), state="Running"),
            False,
            id="not while a run of an earlier start goes on",
        ),
        pytest.param(
            WEEKLY,
            after(SOON_AFTER, jobs=(job(state=RunState.SUCCEEDED, created=WEDNESDAY),)),
            True,
            id="once that run is over",
        ),
        pytest.param(
            WEEKLY,
            seen(registry=registry(version(1)), now=MUCH_LATER),
            False,
            id="not for what was due before the status was lost",
        ),
        pytest.param(weekly(suspend=True), after(MUCH_LATER), False, id="not while suspended"),
        pytest.param(
            WEEKLY, after(MUCH_LATER, dataset=LISTING), False, id="not before the images are listed"
        ),
        pytest.param(
            WEEKLY, after(MUCH_LATER, dataset=None), False, id="not before they are looked at"
        ),
        pytest.param(
            WEEKLY, after(MUCH_LATER, registry=AWAY), False, id="not while MLflow is away"
        ),
        pytest.param(
            weekly(cooldownSeconds=3600),
            after(SOON_AFTER, finishedAt="2026-11-29T02:20:00Z"),
            False,
            id="not within the cooldown after a run",
        ),
        pytest.param(
            weekly(cooldownSeconds=3600),
            after("2026-11-29T03:20:00Z", finishedAt="2026-11-29T02:20:00Z"),
            True,
            id="once the cooldown is over",
        ),
        pytest.param(
            weekly(maxRunsPerWeek=2),
            after(DUE, triggers={**known(), "startedAt": [SATURDAY, WEDNESDAY]}),
            False,
            id="not beyond the week's budget",
        ),
        pytest.param(
            weekly(maxRunsPerWeek=2),
            after(DUE, triggers={**known(), "startedAt": [WEDNESDAY, "2026-11-22T03:00:00Z"]}),
            True,
            id="once the first of them is a week old",
        ),
        pytest.param(
            weekly(maxRunsPerWeek=1),
            after(DUE, trigger="Schedule", decidedAt=SATURDAY),
            False,
            id="not beyond a budget of one that the last run took",
        ),
        pytest.param(
            weekly(maxRunsPerWeek=1),
            after(DUE, trigger="SpecChanged", decidedAt=SATURDAY),
            True,
            id="although a person started a run",
        ),
        pytest.param(
            weekly(cooldownSeconds=3600, training={"epochs": 20}),
            after(SUNDAY, finishedAt=SUNDAY),
            True,
            id="a changed spec waits for no cooldown",
        ),
        pytest.param(
            weekly(cooldownSeconds=3600),
            after(SUNDAY, finishedAt=SUNDAY, state="Failed", dataset=DatasetSeen("images-2", 50)),
            False,
            id="other images after a failure wait for the cooldown",
        ),
        pytest.param(
            weekly(cooldownSeconds=3600),
            after(
                SUNDAY,
                finishedAt=SUNDAY,
                state="Failed",
                reason="Interrupted",
                dataset=DatasetSeen("images-2", 50),
            ),
            False,
            id="nor does a run of other images take the place of an attempt within the cooldown",
        ),
        pytest.param(
            weekly(),
            after(
                SUNDAY,
                finishedAt=SUNDAY,
                state="Failed",
                reason="Interrupted",
                dataset=DatasetSeen("images-2", 50),
            ),
            True,
            id="as it does without one",
        ),
        pytest.param(
            weekly(),
            after(SUNDAY, state="Failed", datasetFingerprint=None),
            False,
            id="after a failure no images are others where nobody knows which that run had",
        ),
    ],
)
def test_a_run_starts(resource: Resource, observed: Observed, starts: bool) -> None:
    assert (start(train(resource, observed)) is not None) is starts


def test_it_says_which_moment_of_which_schedule_was_missed() -> None:
    wanted = weekly(timeZone="Europe/Paris")
    found = start(train(wanted, after(MUCH_LATER, triggers=known(timeZone="Europe/Paris"))))
    assert found is not None
    assert found.trigger == "Schedule"
    assert found.trigger_message == 'due 2026-11-29T02:00:00Z by "0 3 * * 0" Europe/Paris'
    assert found.decided == MUCH_LATER


def test_it_is_another_run_of_the_same_spec() -> None:
    observed = after(DUE)
    found = start(train(WEEKLY, observed))
    assert found is not None
    assert observed.previous.training is not None
    assert found.training_hash == observed.previous.training.training_hash
    assert found.run != observed.previous.training.run
    assert found.attempt == 1
    assert start(train(WEEKLY, observed)) == found


def test_a_moment_waits_until_no_attempt_at_the_last_run_is_to_come() -> None:
    found = start(train(WEEKLY, after(DUE, state="Failed", reason="Interrupted")))
    assert found is not None
    assert (found.run, found.attempt) == ("run1", 2)


def test_an_attempt_at_a_run_was_decided_when_the_run_was() -> None:
    why = {"trigger": "Schedule", "triggerMessage": "due"}
    found = start(train(WEEKLY, after(SOON_AFTER, state="Running", decidedAt=DUE, **why)))
    assert found is not None
    assert (found.attempt, found.decided) == (2, DUE)
    assert (found.trigger, found.trigger_message) == ("Schedule", "due")


def test_what_runs_beside_a_version_that_is_there_is_stopped_first() -> None:
    jobs = (job("run0", created=WEDNESDAY), job(state=RunState.SUCCEEDED, created=SATURDAY))
    found = train(WEEKLY, after(DUE, jobs=jobs))
    assert (found.phase, found.actions) == (
        TrainingPhase.COMPLETE,
        (RemoveJob("lawn-train-run0"),),
    )


def test_after_a_failure_it_is_another_run_and_no_attempt_at_the_failed_one() -> None:
    found = start(train(WEEKLY, after(DUE, state="Failed", reason="OutOfMemory")))
    assert found is not None
    assert (found.run != "run1", found.attempt) == (True, 1)


def test_images_that_cannot_be_listed_ask_for_no_run_after_a_failure() -> None:
    away = Failure(Reason.STORAGE_UNREACHABLE, "no answer")
    assert train(WEEKLY, after(SUNDAY, state="Failed", dataset=away)).held is None
