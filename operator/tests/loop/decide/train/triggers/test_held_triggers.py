"""A trigger that is due and may start nothing yet waits, and says for what and until when."""

from __future__ import annotations

from typing import Any

import given
import pytest
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.decide.plan.decisions import TrainingPhase
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import DatasetSeen
from given.triggers import start, train
from given.triggers.weekly import (
    AWAY,
    DUE,
    LISTING,
    MUCH_LATER,
    NEXT_DUE,
    SATURDAY,
    SOON_AFTER,
    SUNDAYS,
    WEDNESDAY,
    WEEKLY,
    after,
    known,
    weekly,
)


def test_while_the_budget_holds_other_images_back_the_failed_run_is_attempted_again() -> None:
    failed = {"state": "Failed", "reason": "Interrupted", "finishedAt": WEDNESDAY}
    observed = after(SATURDAY, dataset=DatasetSeen("images-2", 50), **failed)
    found = start(train(weekly(cooldownSeconds=604800), observed))
    assert found is not None
    assert (found.run, found.attempt, found.fingerprint) == ("run1", 2, "images-1")


@pytest.mark.parametrize(
    ("resource", "observed", "phase", "reason", "until", "words"),
    [
        pytest.param(
            weekly(suspend=True),
            after(MUCH_LATER),
            TrainingPhase.COMPLETE,
            "Suspended",
            "",
            "held back: spec.suspend is true",
            id="suspended",
        ),
        pytest.param(
            WEEKLY,
            after(MUCH_LATER, registry=AWAY),
            TrainingPhase.COMPLETE,
            "RegistryUnreachable",
            "",
            "held back: MLflow does not answer",
            id="MLflow is away",
        ),
        pytest.param(
            weekly(cooldownSeconds=3600),
            after(SOON_AFTER, finishedAt="2026-11-29T02:20:00Z"),
            TrainingPhase.COMPLETE,
            "Cooldown",
            "2026-11-29T03:20:00Z",
            "cooldownSeconds is 3600, and the last run ended at 2026-11-29T02:20:00Z",
            id="the cooldown",
        ),
        pytest.param(
            weekly(cooldownSeconds=3600),
            after(SOON_AFTER, finishedAt=None),
            TrainingPhase.COMPLETE,
            "Cooldown",
            "2026-11-29T04:10:00Z",
            "cooldownSeconds is 3600, and the last run ended at now",
            id="the cooldown of a run whose end nobody noted",
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
            "WeeklyBudget",
            "2026-12-02T12:00:00Z",
            "maxRunsPerWeek is 2, and so many began in the last seven days",
            id="the budget, after a failure",
        ),
    ],
)
def test_a_trigger_that_is_held_back_waits_and_says_for_what(
    resource: Resource,
    observed: Observed,
    phase: TrainingPhase,
    reason: str,
    until: str,
    words: str,
) -> None:
    found = train(resource, observed)
    assert found.phase is phase
    assert found.held is not None
    assert found.held.due.message == f'due {DUE} by "{SUNDAYS}" UTC'
    assert (found.held.reason, found.held.until) == (reason, until)
    assert words in found.message
    assert found.held.words in found.message
    if until:
        assert found.not_before == until


@pytest.mark.parametrize(
    ("resource", "about", "reason", "words"),
    [
        pytest.param(
            weekly(suspend=True, cooldownSeconds=604800),
            {},
            "Cooldown",
            "cooldownSeconds is 604800",
            id="0",
        ),
        pytest.param(
            weekly(suspend=True),
            {"dataset": LISTING},
            "Suspended",
            "spec.suspend is true",
            id="1",
        ),
        pytest.param(
            WEEKLY,
            {"dataset": LISTING, "registry": AWAY},
            "NotAccepted",
            "is being listed",
            id="2",
        ),
        pytest.param(
            WEEKLY, {"dataset": None, "registry": AWAY}, "RegistryUnreachable", "MLflow", id="3"
        ),
        pytest.param(
            WEEKLY, {"dataset": None}, "DatasetListing", "its images are looked at first", id="4"
        ),
    ],
)
def test_of_several_that_hold_it_back_the_first_is_told(
    resource: Resource, about: dict[str, Any], reason: str, words: str
) -> None:
    held = train(resource, after(SOON_AFTER, **about)).held
    assert held is not None
    assert held.reason == reason
    assert words in held.message


def test_what_is_due_and_held_back_is_told_in_a_sentence() -> None:
    observed = after(SOON_AFTER, finishedAt="2026-11-29T02:20:00Z")
    assert train(weekly(cooldownSeconds=3600), observed).message == (
        f'run run1 is complete; Schedule asks for another run (due {DUE} by "{SUNDAYS}" UTC), '
        "held back until 2026-11-29T03:20:00Z: cooldownSeconds is 3600, and the last run ended at "
        "2026-11-29T02:20:00Z"
    )


def test_at_rest_the_next_moment_is_waited_for() -> None:
    assert train(WEEKLY, after(SATURDAY)).not_before == DUE
    assert train(WEEKLY, after(SOON_AFTER, started=DUE)).not_before == NEXT_DUE
    assert train(given.resource(), after(SATURDAY)).not_before == ""
