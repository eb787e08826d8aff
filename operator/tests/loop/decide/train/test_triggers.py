"""Triggers: which starts another run of the same spec, and which waits for what."""

from __future__ import annotations

from typing import Any

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status import RunState
from dandelion_operator.loop.decide.plan import StartTraining, TrainDecision, TrainingPhase
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import DatasetSeen
from given import job, registry, seen, status, training, version

SUNDAYS = "0 3 * * 0"
# 29 November and 6 December are Sundays.
WEDNESDAY, SATURDAY = "2026-11-25T12:00:00Z", "2026-11-28T12:00:00Z"
SUNDAY, DUE, SOON_AFTER = "2026-11-29T02:59:59Z", "2026-11-29T03:00:00Z", "2026-11-29T03:10:00Z"
NEXT_DUE, MUCH_LATER = "2026-12-06T03:00:00Z", "2026-12-16T12:00:00Z"
WEEKLY = given.resource(triggers={"schedule": SUNDAYS})
AWAY = Failure(Reason.REGISTRY_UNREACHABLE, "no answer")
LISTING = Failure(Reason.DATASET_LISTING, "is being listed")


def known(expression: str = SUNDAYS, since: str = WEDNESDAY, **about: Any) -> dict[str, Any]:
    return {"schedule": {"expression": expression, "since": since} | about}


def after(now: str, started: str = WEDNESDAY, state: str = "Succeeded", **about: Any) -> Observed:
    """After one run of the spec; what is not about the run is about what was seen."""
    names = ("dataset", "jobs", "registry")
    beside = {name: about.pop(name) for name in names if name in about}
    memory = about.pop("triggers", known())
    run = training(state=state, **({"startedAt": started, "finishedAt": started} | about))
    return seen(previous=status(training=run, triggers=memory), now=now, **beside)


def train(resource: Resource, observed: Observed) -> TrainDecision:
    return given.decided(resource, observed).train


def start(found: TrainDecision) -> StartTraining | None:
    return next((item for item in found.actions if isinstance(item, StartTraining)), None)


def weekly(**about: Any) -> Resource:
    top = {name: about.pop(name) for name in ("suspend", "training") if name in about}
    return given.resource(triggers={"schedule": SUNDAYS} | about, **top)


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


def test_after_a_failure_it_is_another_run_and_no_attempt_at_the_failed_one() -> None:
    found = start(train(WEEKLY, after(DUE, state="Failed", reason="OutOfMemory")))
    assert found is not None
    assert (found.run != "run1", found.attempt) == (True, 1)


def test_while_the_budget_holds_other_images_back_the_failed_run_is_attempted_again() -> None:
    failed = {"state": "Failed", "reason": "Interrupted", "finishedAt": WEDNESDAY}
    observed = after(SATURDAY, dataset=DatasetSeen("images-2", 50), **failed)
    found = start(train(weekly(cooldownSeconds=604800), observed))
    assert found is not None
    assert (found.run, found.attempt, found.fingerprint) == ("run1", 2, "images-1")


@pytest.mark.parametrize(
    ("resource", "observed", "phase", "until", "words"),
    [
        pytest.param(
            weekly(suspend=True),
            after(MUCH_LATER),
            TrainingPhase.COMPLETE,
            "",
            "held back: spec.suspend is true",
            id="suspended",
        ),
        pytest.param(
            WEEKLY,
            after(MUCH_LATER, registry=AWAY),
            TrainingPhase.COMPLETE,
            "",
            "held back: MLflow does not answer",
            id="MLflow is away",
        ),
        pytest.param(
            weekly(cooldownSeconds=3600),
            after(SOON_AFTER, finishedAt="2026-11-29T02:20:00Z"),
            TrainingPhase.COMPLETE,
            "2026-11-29T03:20:00Z",
            "cooldownSeconds is 3600, and the last run ended at 2026-11-29T02:20:00Z",
            id="the cooldown",
        ),
        pytest.param(
            weekly(cooldownSeconds=3600, maxRunsPerWeek=2),
            after(
                SOON_AFTER,
                state="Failed",
                reason="OutOfMemory",
                triggers={**known(), "startedAt": [SATURDAY, WEDNESDAY]},
            ),
            TrainingPhase.FAILED,
            "2026-12-02T12:00:00Z",
            "maxRunsPerWeek is 2, and so many began in the last seven days",
            id="the budget, after a failure",
        ),
    ],
)
def test_a_trigger_that_is_held_back_waits_and_says_for_what(
    resource: Resource, observed: Observed, phase: TrainingPhase, until: str, words: str
) -> None:
    found = train(resource, observed)
    assert found.phase is phase
    assert found.held is not None
    assert found.held.due.message == f'due {DUE} by "{SUNDAYS}" UTC'
    assert found.held.until == until
    assert words in found.message
    assert found.held.words in found.message
    if until:
        assert found.not_before == until


def test_at_rest_the_next_moment_is_waited_for() -> None:
    assert train(WEEKLY, after(SATURDAY)).not_before == DUE
    assert train(WEEKLY, after(SOON_AFTER, started=DUE)).not_before == NEXT_DUE
    assert train(given.resource(), after(SATURDAY)).not_before == ""
