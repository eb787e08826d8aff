"""A schedule that comes due while the operator is away is made up for once, and told."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from tests.e2e.operators import scale
from tests.e2e.world import COLOURS, World, colours, picture

NAME = "scheduled"
FORMAT = "%Y-%m-%dT%H:%M:%SZ"
#: For the operator to end before the moment comes.
ENDING = timedelta(seconds=45)


def _jobs(world: World) -> list[str]:
    """Of training: a comparison has a Job of its own."""
    names = [job["metadata"]["name"] for job in world.owned("jobs", NAME)]
    return [name for name in names if "-train-" in name]


@pytest.fixture(scope="module")
def uri(world: World) -> str:
    return world.upload("scheduled", colours())


def _known(world: World, uri: str) -> datetime:
    """The next moment of a schedule that the operator knows."""
    # A minute ahead or more; and once a day: never again in this test.
    when = (datetime.now(UTC) + timedelta(seconds=125)).replace(second=0, microsecond=0)
    world.train(NAME, uri, triggers={"schedule": f"{when.minute} {when.hour} * * *"})
    moment = when.strftime(FORMAT)
    world.until(
        "the operator knows the schedule",
        lambda: world.status(NAME).get("triggers", {}).get("nextScheduleTime") == moment,
    )
    return when


@pytest.fixture(scope="module")
def due(world: World, uri: str) -> Iterator[str]:
    """A moment of its schedule that passes between the operator's end and its return."""
    world.train(NAME, uri)
    world.until_served(NAME, "1")
    when = _known(world, uri)
    # It may have taken long to learn of it; nothing has come of that one yet.
    while when - datetime.now(UTC) < ENDING:
        when = _known(world, uri)
    moment = when.strftime(FORMAT)
    assert len(_jobs(world)) == 1, "a new schedule asks for nothing that was before"
    try:
        scale(world.cluster, 0)
        assert datetime.now(UTC) < when, "the operator has not ended in time to miss it"
        world.until(f"it is {moment}", lambda: datetime.now(UTC) > when + timedelta(seconds=2))
        assert len(_jobs(world)) == 1
        assert world.predict(NAME, picture(COLOURS["red"], 60)).status_code == 200
    finally:
        scale(world.cluster, 1)
    yield moment
    world.kubectl("delete", "mdep", NAME)


def test_one_run_makes_up_for_it_and_says_so(world: World, due: str) -> None:
    world.until_served(NAME, "2")
    status = world.status(NAME)
    assert status["training"]["trigger"] == "Schedule"
    assert status["training"]["triggerMessage"].startswith(f"due {due} by ")
    assert len(status["triggers"]["startedAt"]) == 1
    assert status["triggers"]["nextScheduleTime"] > due
    tags = {tag["key"]: tag["value"] for tag in world.versions(NAME)[1]["tags"]}
    assert tags["dandelion.dev/trigger"] == "Schedule"
    assert tags["dandelion.dev/trigger-message"] == status["training"]["triggerMessage"]
    events = [
        event["message"]
        for event in world.get("events")
        if event["involvedObject"]["name"] == NAME and event["reason"] == "TrainingStarted"
    ]
    assert any(due in message for message in events), events
    assert "Next Schedule Time" in world.kubectl("describe", "mdep", NAME)


def test_the_operators_next_start_makes_up_for_nothing(world: World, uri: str, due: str) -> None:
    world.until_served(NAME, "2")
    schedule = world.get("mdep", NAME)["spec"]["triggers"]["schedule"]
    scale(world.cluster, 0)
    # Something to be noticed by, which asks for no run.
    world.train(
        NAME, uri, triggers={"schedule": schedule}, rollout={"progressDeadlineSeconds": 601}
    )
    scale(world.cluster, 1)
    world.until_condition(NAME, "Trained", "True", "TrainingComplete")
    assert len(_jobs(world)) == 2, due
    assert [version["version"] for version in world.versions(NAME)] == ["1", "2"]
