"""Drift and live accuracy are of the version that serves: when each starts another run."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import given
import pytest
from dandelion_operator.api.moments import after
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import DatasetSeen
from given import NOW, job, registry, status, training, version
from given.triggers import accuracy_below, drift_above, due, judged, start, starts, train

Asked = Callable[..., Resource]


@pytest.fixture(
    params=[pytest.param(drift_above, id="drift"), pytest.param(accuracy_below, id="accuracy")]
)
def asked(request: pytest.FixtureRequest) -> Asked:
    found: Asked = request.param
    return found


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        pytest.param(due(), True, id="once it is due"),
        pytest.param(
            due(jobs=(job("run9"),), previous=status()), False, id="not while a run goes on"
        ),
        pytest.param(due(deployment=None), False, id="not where nothing serves"),
        pytest.param(
            due(registry=registry(version(3), version(4), champion=4)),
            False,
            id="not while a person's choice is being rolled out",
        ),
        pytest.param(
            due(registry=Failure(Reason.REGISTRY_UNREACHABLE, "no answer")),
            False,
            id="not while MLflow is away",
        ),
        pytest.param(judged("rejected"), True, id="where the last run's version was rejected"),
        pytest.param(judged("undecided"), True, id="where nobody can tell whether it is better"),
        pytest.param(judged("observed"), True, id="where the last version was only observed"),
        pytest.param(judged("promoted"), True, id="where a person took the last version back"),
        pytest.param(
            due(registry=registry(version(3, verdict="passed"), champion=3)),
            True,
            id="where the last run's version serves before its verdict says so",
        ),
        pytest.param(judged(""), False, id="not before the last version was judged"),
        pytest.param(judged("passed"), False, id="not while the last version is being promoted"),
        pytest.param(
            judged("promoting"), False, id="not while the last version is to get the alias"
        ),
        pytest.param(judged("awaiting"), False, id="not while the last version waits for a person"),
        pytest.param(
            judged("promoted", champion=4),
            False,
            id="not while the last version is being rolled out",
        ),
    ],
)
def test_a_run_starts(asked: Asked, observed: Observed, expected: bool) -> None:
    assert starts(asked(), observed) is expected


def test_nothing_starts_where_nobody_asked_for_it() -> None:
    assert not starts(given.resource(), due())


def test_nothing_starts_while_suspended(asked: Asked) -> None:
    assert not starts(asked(suspend=True), due())


def test_it_is_another_run_of_the_same_spec_and_the_images_of_now(asked: Asked) -> None:
    observed = due(dataset=DatasetSeen("images-7", 47))
    found = start(train(asked(), observed))
    assert found is not None
    assert observed.previous.training is not None
    assert found.training_hash == observed.previous.training.training_hash
    assert (found.run != "run3", found.attempt) == (True, 1)
    assert (found.fingerprint, found.images) == ("images-7", 47)


def test_its_images_are_listed_before_it_begins(asked: Asked) -> None:
    found = train(asked(), due(dataset=None))
    assert start(found) is None
    assert found.held is not None
    assert "its images are looked at first" in found.held.message


def test_a_cooldown_holds_it_back_and_it_waits(asked: Asked) -> None:
    found = train(asked(cooldownSeconds=3600), due())
    assert start(found) is None
    assert found.held is not None
    assert found.held.due.trigger in ("Drift", "LiveAccuracy")
    assert found.not_before == found.held.until == after(NOW, 3600)
    assert f"{found.held.due.trigger} asks for another run (" in found.message


def test_it_counts_against_the_budget_of_the_week(asked: Asked) -> None:
    asks = train(asked(cooldownSeconds=3600), due()).held
    assert asks is not None
    memory: dict[str, Any] = {"trigger": asks.due.trigger, "decidedAt": NOW}
    before = status(champion={"version": "3"}, training=training("run3", finishedAt=NOW, **memory))
    found = train(asked(maxRunsPerWeek=1), due(previous=before))
    assert start(found) is None
    assert found.held is not None
    assert "maxRunsPerWeek is 1" in found.held.message


def test_a_schedule_that_is_due_as_well_comes_first_and_answers_both(asked: Asked) -> None:
    known = {"schedule": {"expression": "* * * * *", "since": NOW}}
    before = status(
        champion={"version": "3"}, training=training("run3", finishedAt=NOW), triggers=known
    )
    found = start(train(asked(schedule="* * * * *"), due(previous=before)))
    assert found is not None
    assert found.trigger == "Schedule"
