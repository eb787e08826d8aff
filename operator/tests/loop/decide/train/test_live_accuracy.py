"""Live accuracy: when reviews say enough to start another run, and when that was answered."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide.plan.decisions import TrainDecision
from dandelion_operator.loop.decide.plan.jobs import StartTraining
from dandelion_operator.seen.live import LiveAccuracySeen
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import DatasetSeen
from given import deployment, job, registry, seen, serving, status, training, version

# The last run began, people's reviews were imported, and this is seen.
BEGUN, REVIEWED, NOW = given.NOW, "2026-01-02T08:00:00Z", "2026-01-02T08:00:10Z"
LOW = LiveAccuracySeen(
    reviewed=40, right=24, lower=0.402, upper=0.774, confidence=0.95, computed_at=REVIEWED
)
AWAY = Failure(Reason.STORAGE_UNREACHABLE, "no answer")
SPOILT = Failure(Reason.EVALUATION_FAILED, "s3://models/… is no live accuracy")


def wanted(below: float = 0.8, **about: Any) -> Resource:
    top = {name: about.pop(name) for name in ("suspend",) if name in about}
    return given.resource(
        triggers={"accuracyBelow": below} | about,
        feedback={"mode": "Review"},
        serving={"logging": {"images": True}},
        **top,
    )


def after(live: LiveAccuracySeen | Failure | None = LOW, **about: Any) -> Observed:
    """Version 1 serves, and `live` is what reviews say of it."""
    return replace(serving(1), **({"live": live, "now": NOW} | about))


def judged(verdict: str, **about: Any) -> Observed:
    """Version 1 serves, and the last run, which began before the reviews, has made version 2."""
    champion = about.pop("champion", 1)
    memory = status(champion={"version": "1"}, training=training("run2"))
    versions = registry(version(1), version(2, verdict=verdict), champion=champion)
    return after(previous=memory, registry=versions, deployment=deployment(1), **about)


def train(resource: Resource, observed: Observed) -> TrainDecision:
    return given.decided(resource, observed).train


def start(found: TrainDecision) -> StartTraining | None:
    return next((item for item in found.actions if isinstance(item, StartTraining)), None)


@pytest.mark.parametrize(
    ("resource", "observed", "starts"),
    [
        pytest.param(wanted(), after(), True, id="where the whole interval lies below"),
        pytest.param(
            wanted(0.774), after(), False, id="not where the upper bound reaches what is asked for"
        ),
        pytest.param(wanted(0.7), after(), False, id="not for the estimate alone"),
        pytest.param(
            wanted(), after(replace(LOW, reviewed=20, right=5)), True, id="for twenty answers"
        ),
        pytest.param(
            wanted(),
            after(replace(LOW, reviewed=19, right=0, upper=0.2)),
            False,
            id="not for a handful, whatever it says",
        ),
        pytest.param(wanted(), after(None), False, id="not where nobody reviewed anything"),
        pytest.param(wanted(), after(AWAY), False, id="not where it cannot be read"),
        pytest.param(wanted(), after(SPOILT), False, id="not where it is spoilt"),
        pytest.param(given.resource(), after(), False, id="not where nobody asked for it"),
        pytest.param(wanted(suspend=True), after(), False, id="not while suspended"),
        pytest.param(
            wanted(),
            after(replace(LOW, computed_at=BEGUN)),
            False,
            id="not for what the last run began with",
        ),
        pytest.param(
            wanted(),
            after(replace(LOW, computed_at="2025-12-31T23:59:59Z")),
            False,
            id="nor for what was older still",
        ),
        pytest.param(
            wanted(),
            after(replace(LOW, computed_at="2026-01-02T08:00:11Z")),
            False,
            id="not before its moment has come by this clock",
        ),
        pytest.param(
            wanted(),
            after(replace(LOW, computed_at=NOW)),
            True,
            id="once it has, to the second",
        ),
        pytest.param(
            wanted(),
            after(jobs=(job("run9"),), previous=status()),
            False,
            id="not while a run goes on",
        ),
        pytest.param(
            wanted(),
            after(jobs=(job(state=RunState.SUCCEEDED, decided="2026-01-02T09:00:00Z"),)),
            False,
            id="not where the last run was decided on after it",
        ),
        pytest.param(wanted(), after(deployment=None), False, id="not where nothing serves"),
        pytest.param(
            wanted(), judged("rejected"), True, id="where the last run's version was rejected"
        ),
        pytest.param(
            wanted(), judged("undecided"), True, id="where nobody can tell whether it is better"
        ),
        pytest.param(
            wanted(), judged("promoted"), True, id="where a person took the last version back"
        ),
        pytest.param(wanted(), judged(""), False, id="not before the last version was judged"),
        pytest.param(
            wanted(), judged("passed"), False, id="not while the last version is being promoted"
        ),
        pytest.param(
            wanted(), judged("awaiting"), False, id="not while the last version waits for a person"
        ),
        pytest.param(
            wanted(),
            judged("promoted", champion=2),
            False,
            id="not while the last version is being rolled out",
        ),
        pytest.param(
            wanted(),
            after(registry=registry(version(1), version(2), champion=2)),
            False,
            id="not while a person's choice is being rolled out",
        ),
        pytest.param(
            wanted(),
            after(registry=Failure(Reason.REGISTRY_UNREACHABLE, "no answer")),
            False,
            id="not while MLflow is away",
        ),
        pytest.param(
            wanted(),
            seen(
                registry=registry(version(1), champion=1),
                deployment=deployment(1),
                live=LOW,
                now=NOW,
            ),
            True,
            id="after the status was lost",
        ),
    ],
)
def test_a_run_starts(resource: Resource, observed: Observed, starts: bool) -> None:
    assert (start(train(resource, observed)) is not None) is starts


def test_it_says_with_which_numbers() -> None:
    found = start(train(wanted(), after(replace(LOW, reviewed=1400, right=1054, upper=0.7746))))
    assert found is not None
    assert found.trigger == "LiveAccuracy"
    assert found.trigger_message == (
        "1,054 of 1,400 reviewed answers of version 1 are right, so with 95% confidence at most "
        "77.5% of all; accuracyBelow is 0.8"
    )


def test_it_is_another_run_of_the_same_spec() -> None:
    observed = after(dataset=DatasetSeen("images-2", 97))
    found = start(train(wanted(), observed))
    assert found is not None
    assert observed.previous.training is not None
    assert found.training_hash == observed.previous.training.training_hash
    assert (found.run != "run1", found.attempt) == (True, 1)


def test_a_budget_holds_it_back_and_it_waits() -> None:
    memory = status(
        champion={"version": "1"}, training=training("run1", finishedAt="2026-01-02T07:00:00Z")
    )
    found = train(wanted(cooldownSeconds=7200), after(previous=memory))
    assert start(found) is None
    assert found.held is not None
    assert (found.held.due.trigger, found.held.due.since) == ("LiveAccuracy", REVIEWED)
    assert found.not_before == found.held.until == "2026-01-02T09:00:00Z"


def test_it_counts_against_the_budget_of_the_week() -> None:
    before = job("run1", RunState.SUCCEEDED, trigger="LiveAccuracy", decided=BEGUN)
    found = train(wanted(maxRunsPerWeek=1), after(jobs=(before,)))
    assert start(found) is None
    assert found.held is not None
    assert "maxRunsPerWeek is 1" in found.message
