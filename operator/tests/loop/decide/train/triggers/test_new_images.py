"""New images: when they are enough, and quiet for long enough, to start another run."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide.plan.decisions import (
    TrainingPhase,
)
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import DatasetSeen, NewObjects
from given import job, registry, seen, status, training, version
from given.triggers import start, train

VERSION = f"sha256:{'ab12' * 16}"
# Of one day: enough have come, the newest has, quiet since 300 s, and the day after.
ENOUGH, NEWEST, QUIET, NEXT_DAY = (
    *("2026-01-02T08:00:00Z", "2026-01-02T09:00:00Z"),
    *("2026-01-02T09:05:00Z", "2026-01-03T08:00:00Z"),
)
NEW = NewObjects(VERSION, 57, enough=ENOUGH, newest=NEWEST, listed=QUIET)
FEW = replace(NEW, count=49, enough="")


def wanted(**about: Any) -> Resource:
    top = {name: about.pop(name) for name in ("suspend", "training") if name in about}
    return given.resource(triggers={"newImages": 50} | about, **top)


def after(
    new: NewObjects | None = NEW, state: str = "Succeeded", images: str = "images-2", **about: Any
) -> Observed:
    """After one run that began with other images, `new` among those that are there now."""
    names = ("jobs", "registry", "now", "dataset")
    beside = {name: about.pop(name) for name in names if name in about}
    dataset = DatasetSeen(images, 97, new=new)
    memory = status(training=training(state=state, finishedAt=given.NOW, **about))
    return seen(previous=memory, **({"dataset": dataset, "now": QUIET} | beside))


@pytest.mark.parametrize(
    ("resource", "observed", "starts"),
    [
        pytest.param(wanted(), after(), True, id="once there are enough and none has come since"),
        pytest.param(
            wanted(),
            after(replace(NEW, listed="2026-01-02T09:04:59Z")),
            False,
            id="not a second before they have been quiet",
        ),
        pytest.param(
            wanted(),
            after(replace(NEW, listed="2026-01-02T09:04:59Z"), now=NEXT_DAY),
            False,
            id="not because time has passed since they were looked at",
        ),
        pytest.param(wanted(), after(FEW, now=NEXT_DAY), False, id="not for fewer"),
        pytest.param(
            wanted(),
            after(replace(FEW, newest="2025-01-01T00:00:00Z")),
            False,
            id="not for fewer that have been waiting for a year",
        ),
        pytest.param(
            wanted(quietSeconds=3600), after(), False, id="not before it was quiet for longer"
        ),
        pytest.param(
            wanted(quietSeconds=0),
            after(replace(NEW, listed=NEWEST)),
            True,
            id="at once, where nothing is waited for",
        ),
        pytest.param(
            wanted(),
            after(replace(NEW, newest=NEXT_DAY, listed=NEXT_DAY)),
            True,
            id="a day after there were enough, although they go on coming",
        ),
        pytest.param(
            wanted(maxWaitSeconds=3900),
            after(replace(NEW, newest=QUIET)),
            True,
            id="after a shorter longest wait, although they go on coming",
        ),
        pytest.param(
            wanted(maxWaitSeconds=3901),
            after(replace(NEW, newest=QUIET)),
            False,
            id="not a second before the longest wait is over",
        ),
        pytest.param(given.resource(), after(), False, id="not where nobody asked for it"),
        pytest.param(
            wanted(), after(images="images-1"), False, id="not for what the last run began with"
        ),
        pytest.param(
            wanted(), after(images=""), False, id="not for a listing that was cut somewhere"
        ),
        pytest.param(wanted(), after(None), False, id="not where they could not be counted"),
        pytest.param(
            wanted(),
            after(jobs=(job(state=RunState.RUNNING),), state="Running"),
            False,
            id="not while a run goes on",
        ),
        pytest.param(
            wanted(),
            after(jobs=(job(state=RunState.SUCCEEDED),)),
            True,
            id="once that run is over, for those that it has not listed",
        ),
        pytest.param(wanted(suspend=True), after(), False, id="not while suspended"),
        pytest.param(
            wanted(),
            after(registry=Failure(Reason.REGISTRY_UNREACHABLE, "no answer")),
            False,
            id="not while MLflow is away",
        ),
        pytest.param(
            wanted(),
            seen(registry=registry(version(1)), dataset=DatasetSeen("images-2", 97, new=NEW)),
            True,
            id="after the status was lost",
        ),
    ],
)
def test_a_run_starts(resource: Resource, observed: Observed, starts: bool) -> None:
    assert (start(train(resource, observed)) is not None) is starts


@pytest.mark.parametrize(
    ("resource", "new", "words"),
    [
        pytest.param(
            wanted(),
            replace(NEW, count=1234),
            "1,234 new images since dataset version sha256:ab12ab12…, 50 asked for, none for 300 s",
            id="quiet",
        ),
        pytest.param(
            wanted(newImages=1),
            replace(NEW, count=1),
            "1 new image since dataset version sha256:ab12ab12…, 1 asked for, none for 300 s",
            id="one",
        ),
        pytest.param(
            wanted(maxWaitSeconds=60),
            replace(NEW, newest=QUIET),
            "57 new images since dataset version sha256:ab12ab12…, 50 asked for, and they go on "
            "coming after maxWaitSeconds, 60",
            id="no quiet",
        ),
        pytest.param(
            wanted(),
            replace(NEW, count=1057, addresses=1000),
            "1,057 new images, 1,000 of them at addresses, since dataset version sha256:ab12ab12…, "
            "50 asked for, none for 300 s",
            id="some at addresses",
        ),
    ],
)
def test_it_says_how_many_since_when_and_what_was_waited_for(
    resource: Resource, new: NewObjects, words: str
) -> None:
    found = start(train(resource, after(new)))
    assert found is not None
    assert found.trigger == "NewImages"
    assert found.trigger_message == words


@pytest.mark.parametrize(
    ("version", "since", "enough", "starts"),
    [
        pytest.param(VERSION, "2026-01-02T08:05:00Z", NEWEST, True, id="for as long as is waited"),
        pytest.param(VERSION, "2026-01-02T08:05:01Z", NEWEST, False, id="not a second less"),
        pytest.param(f"{VERSION}0", ENOUGH, NEWEST, False, id="not of another dataset version"),
        pytest.param(VERSION, NEWEST, "2026-01-02T08:05:00Z", True, id="or by their own moments"),
        pytest.param(VERSION, ENOUGH, "", False, id="not where there are too few by now"),
    ],
)
def test_a_table_that_is_written_anew_waits_from_when_there_were_first_enough(
    version: str, since: str, enough: str, starts: bool
) -> None:
    new = replace(NEW, addresses=9, enough=enough, newest="2026-01-02T09:04:59Z")
    known = {"enoughImages": {"datasetVersion": version, "since": since}}
    memory = status(training=training(finishedAt=given.NOW), triggers=known)
    observed = replace(after(new), previous=memory)
    assert (start(train(wanted(maxWaitSeconds=3600), observed)) is not None) == starts


def test_it_is_another_run_of_the_same_spec_with_the_images_of_now() -> None:
    observed = after()
    found = start(train(wanted(), observed))
    assert found is not None
    assert observed.previous.training is not None
    assert found.training_hash == observed.previous.training.training_hash
    assert (found.run != "run1", found.attempt) == (True, 1)
    assert (found.fingerprint, found.images) == ("images-2", 97)


def test_a_budget_holds_it_back_and_it_waits() -> None:
    found = train(wanted(cooldownSeconds=7 * 86400), after())
    assert start(found) is None
    assert found.held is not None
    assert (found.held.due.trigger, found.held.due.since) == ("NewImages", QUIET)
    assert "NewImages asks for another run (57 new images since" in found.message
    assert found.not_before == found.held.until == "2026-01-08T00:00:00Z"


def test_the_moment_at_which_they_will_be_quiet_is_waited_for() -> None:
    begun = replace(NEW, listed="2026-01-02T09:01:00Z")
    assert train(wanted(), after(begun, now="2026-01-02T09:01:00Z")).not_before == QUIET
    assert train(wanted(), after(FEW)).not_before == ""
    assert train(wanted(), after(images="images-1")).not_before == ""


def test_the_wait_is_as_long_as_the_endpoint_says_whatever_its_clock_says() -> None:
    begun = replace(NEW, listed="2026-01-02T09:01:00Z")
    found = train(wanted(), after(begun, now="2026-01-02T11:31:00Z"))
    assert found.not_before == "2026-01-02T11:35:00Z"


def test_the_earlier_of_a_schedule_and_the_quiet_is_waited_for() -> None:
    begun, now = replace(NEW, listed="2026-01-02T09:01:00Z"), "2026-01-02T09:01:00Z"
    soon, late = wanted(schedule="3 9 * * *"), wanted(schedule="9 9 * * *")
    assert train(soon, after(begun, now=now)).not_before == "2026-01-02T09:03:00Z"
    assert train(late, after(begun, now=now)).not_before == QUIET


def test_where_they_cannot_be_counted_the_condition_says_why() -> None:
    why = "which objects dataset version sha256:1 was made from is not noted"
    found = train(wanted(), after(dataset=DatasetSeen("images-2", 97, uncounted=why)))
    assert found.phase is TrainingPhase.COMPLETE
    assert found.message == f"run run1 is complete; new images are not counted: {why}"


def test_where_only_those_at_addresses_cannot_be_counted_the_condition_says_that() -> None:
    why = "there is no ConfigMap lawn"
    found = train(wanted(), after(dataset=DatasetSeen("images-2", 97, new=FEW, uncounted=why)))
    assert found.message == f"run run1 is complete; new addresses are not counted: {why}"
