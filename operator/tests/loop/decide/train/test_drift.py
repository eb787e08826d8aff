"""Drift of the images: how far it has to be, and by which windows, to start another run."""

from __future__ import annotations

from typing import Any

import given
import pytest
from dandelion_operator.api.moments import after
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.decide.plan.decisions import TrainDecision
from dandelion_operator.loop.decide.plan.jobs import StartTraining
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import DatasetSeen
from dandelion_operator.seen.windows import PodWindows, WindowsOfSize
from given import NOW, contract, deployment, registry, serving, status, training, version
from given.drifting import silent, told, windows

LATER, NEXT_DAY = after(NOW, 60), after(NOW, 86_400)
DAY_AFTER = after(NEXT_DAY, 1)
AFAR = (3.0, 2.0, 2.5)


def wanted(above: float | None = 1.5, **about: Any) -> Resource:
    top = {name: about.pop(name) for name in ("suspend", "promotion") if name in about}
    asked = {} if above is None else {"driftAbove": above}
    return given.resource(triggers=asked | about, **top)


def observed(*ratios: float, at: str = LATER, **about: Any) -> Observed:
    """Version 3, which the last run made at NOW, answers."""
    memory = {name: about.pop(name) for name in ("trigger", "state") if name in about}
    run = training("run3", finishedAt=NOW, **memory)
    before = status(champion={"version": "3"}, training=run)
    pods: tuple[PodWindows, ...] = (told(windows(*ratios, at=at)),)
    fields: dict[str, Any] = {"previous": before, "windows": pods, "now": LATER}
    return serving(3, **(fields | about))


def turned_down(verdict: str, trigger: str = "Drift", at: str = LATER, **about: Any) -> Observed:
    """Version 4, which the last run made, does not serve; version 3 still drifts."""
    made = version(4, verdict=verdict, gate="gate")
    versions = registry(version(3), made, champion=about.pop("champion", 3))
    run = training("run4", finishedAt=NOW, trigger=trigger)
    fields: dict[str, Any] = {
        "previous": status(champion={"version": "3"}, training=run),
        "registry": versions,
        "artifacts": {3: contract(), 4: contract()},
        "deployment": deployment(3),
        "windows": (told(windows(*AFAR, at=at)),),
        "now": at,
    }
    return serving(3, **(fields | about))


def train(resource: Resource, seen: Observed) -> TrainDecision:
    return given.decided(resource, seen).train


def start(found: TrainDecision) -> StartTraining | None:
    return next((item for item in found.actions if isinstance(item, StartTraining)), None)


@pytest.mark.parametrize(
    ("resource", "seen", "starts"),
    [
        pytest.param(wanted(), observed(*AFAR), True, id="three windows in a row are so far"),
        pytest.param(wanted(2.0), observed(*AFAR), False, id="not at the level"),
        pytest.param(wanted(1), observed(*AFAR), True, id="above a lower one"),
        pytest.param(wanted(), observed(9.0, 9.0, 1.4), False, id="not for two of them"),
        pytest.param(wanted(), observed(9.0, 9.0), False, id="not before there are three"),
        pytest.param(wanted(None), observed(*AFAR), False, id="not where nobody asked for it"),
        pytest.param(
            wanted(), observed(*AFAR, at=NOW), False, id="not by windows from before the run's end"
        ),
        pytest.param(
            wanted(),
            observed(windows=(told(windows(*AFAR, at=LATER), version=2),)),
            False,
            id="not by pods of another version",
        ),
        pytest.param(
            wanted(), observed(windows=(silent(),)), False, id="not by pods that tell nothing"
        ),
        pytest.param(
            wanted(), observed(*AFAR, trigger="Drift"), True, id="again, once its version drifts"
        ),
        pytest.param(wanted(suspend=True), observed(*AFAR), False, id="not while suspended"),
    ],
)
def test_drift_starts_a_run(resource: Resource, seen: Observed, starts: bool) -> None:
    assert (start(train(resource, seen)) is not None) is starts


def test_one_window_of_three_from_before_the_end_of_the_run_is_one_too_many() -> None:
    new, old = windows(*AFAR, at=LATER), windows(*AFAR, at=NOW)
    mixed = WindowsOfSize(20, (*new.last[:2], old.last[0]))
    assert start(train(wanted(), observed(windows=(told(mixed),)))) is None


@pytest.mark.parametrize(
    ("seen", "starts"),
    [
        pytest.param(turned_down("rejected"), False, id="it was rejected"),
        pytest.param(turned_down("undecided"), False, id="it was undecided"),
        pytest.param(turned_down("rejected", at=NEXT_DAY), False, id="for a day"),
        pytest.param(turned_down("rejected", at=DAY_AFTER), True, id="and then by windows of then"),
        pytest.param(
            turned_down("rejected", now=DAY_AFTER, windows=(told(windows(*AFAR, at=NEXT_DAY)),)),
            False,
            id="and not by those from before",
        ),
        pytest.param(turned_down("rejected", "Schedule"), True, id="it was for something else"),
        pytest.param(turned_down(""), False, id="it has no verdict yet"),
        pytest.param(turned_down("awaiting", at=DAY_AFTER), False, id="a person is asked"),
        pytest.param(turned_down("passed", "Schedule"), False, id="it is being promoted"),
        pytest.param(turned_down("promoting", "Schedule"), False, id="it is to get the alias"),
        pytest.param(
            turned_down("promoted", "Schedule", champion=4), False, id="it is being rolled out"
        ),
        pytest.param(turned_down("promoted", "Schedule"), True, id="a person gave the alias back"),
        pytest.param(turned_down("observed", "Schedule"), True, id="it was only observed"),
    ],
)
def test_what_the_last_run_made_answers_drift_while_it_may_come_to_serve(
    seen: Observed, starts: bool
) -> None:
    assert (start(train(wanted(), seen)) is not None) is starts


def test_it_says_how_far_by_which_windows_and_what_was_asked_for() -> None:
    found = start(train(wanted(), observed(*AFAR)))
    assert found is not None
    assert found.trigger == "Drift"
    assert found.trigger_message == (
        "3 windows of 20 answers in a row of version 3 reach 2 times a threshold (logDensity, "
        "2026-01-01T00:01:00Z), driftAbove is 1.5"
    )


def test_it_is_another_run_of_the_same_spec() -> None:
    seen = observed(*AFAR)
    found = start(train(wanted(), seen))
    assert found is not None
    assert seen.previous.training is not None
    assert found.training_hash == seen.previous.training.training_hash
    assert (found.run != "run3", found.attempt) == (True, 1)


def test_a_budget_holds_it_back_and_it_waits() -> None:
    found = train(wanted(cooldownSeconds=3600), observed(*AFAR))
    assert start(found) is None
    assert found.held is not None
    assert found.held.due.trigger == "Drift"
    assert found.not_before == found.held.until == after(NOW, 3600)
    assert "Drift asks for another run (3 windows of 20 answers" in found.message


def test_a_schedule_that_is_due_as_well_comes_first_and_answers_both() -> None:
    both = given.resource(triggers={"driftAbove": 1.5, "schedule": "* * * * *"})
    known = {"schedule": {"expression": "* * * * *", "since": NOW}}
    run = training("run3", finishedAt=NOW, startedAt=NOW)
    before = status(champion={"version": "3"}, training=run, triggers=known)
    found = start(train(both, observed(*AFAR, previous=before)))
    assert found is not None
    assert found.trigger == "Schedule"


def test_its_images_are_listed_before_it_begins() -> None:
    found = train(wanted(), observed(*AFAR, dataset=None))
    assert start(found) is None
    assert found.held is not None
    assert "its images are looked at first" in found.held.message
    listed = observed(*AFAR, dataset=DatasetSeen("images-7", 47))
    begun = start(train(wanted(), listed))
    assert begun is not None
    assert (begun.fingerprint, begun.images) == ("images-7", 47)
