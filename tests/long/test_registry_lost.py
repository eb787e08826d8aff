"""The registry's volume is lost: serving does not notice, and versions and champion come back."""

from __future__ import annotations

import contextlib
import time

import httpx
import pytest
from dandelion_demo.install import NAMESPACE, RELEASE
from dandelion_local.commands import SetupError

from tests.e2e.load import SteadyLoad
from tests.e2e.world import COLOURS, World, colours, picture

NAME = "drill"
IMAGE = picture(COLOURS["green"], 91)
# The files first, then the server that has them open; its container starts again in the same pod.
LOSE = (
    "import glob, os, signal\n"
    "for file in glob.glob('/data/*'): os.remove(file)\n"
    "os.kill(1, signal.SIGTERM)"
)


def sources(world: World) -> set[str]:
    """Where the artifacts of all registered versions lie."""
    return {version["source"] for version in world.versions(NAME)}


def source_of(world: World, number: str) -> str:
    (found,) = [item["source"] for item in world.versions(NAME) if item["version"] == number]
    return str(found)


def champion(world: World) -> str:
    """The artifact that the alias names; empty while MLflow is away or names none."""
    try:
        named = world.aliases(NAME).get("champion")
        return source_of(world, named) if named else ""
    except (httpx.HTTPError, ValueError):
        return ""


def lose_registry(world: World) -> None:
    """Everything that MLflow ever wrote to its volume is gone."""
    pod = f"deployment/{RELEASE}-mlflow"
    with contextlib.suppress(SetupError):  # the container may end before kubectl has heard of it
        world.cluster.run("-n", NAMESPACE, "exec", pod, "--", "python", "-c", LOSE)


@pytest.fixture(scope="module")
def rolled_back(world: World) -> World:
    """Two versions; a person went back to the first one."""
    world.train(NAME, world.upload("colours", colours()), serving={"replicas": 2})
    world.until_served(NAME, "1")
    world.retrain(NAME, "again")
    world.until_served(NAME, "2")
    world.move_alias(NAME, "1")
    world.until_served(NAME, "1")
    return world


def test_versions_and_champion_come_back_from_s3_while_requests_are_answered(
    rolled_back: World,
) -> None:
    world = rolled_back
    before, served = sources(world), source_of(world, "1")
    jobs = {job["metadata"]["name"] for job in world.owned("jobs", NAME)}
    with SteadyLoad(world.url(NAME), IMAGE) as load:
        time.sleep(2)
        lose_registry(world)
        world.until("the registry is lost", lambda: champion(world) != served, every=0.1)
        world.until(
            "the champion is what served before", lambda: champion(world) == served, seconds=240
        )
        world.until("every version is back", lambda: sources(world) == before)
        world.until_condition(NAME, "Promoted", "True", "VersionPromoted")
        time.sleep(5)
    assert load.failures == []
    decisions = [entry["decision"] for entry in world.status(NAME)["history"]]
    assert decisions.count("RegistryRestored") == 1
    assert world.condition(NAME, "Ready")["status"] == "True"
    assert {job["metadata"]["name"] for job in world.owned("jobs", NAME)} == jobs


def test_the_person_who_rolled_back_is_not_undone(rolled_back: World) -> None:
    world = rolled_back
    served = world.until("MLflow answers", lambda: champion(world))
    time.sleep(15)  # some looks of the operator
    assert champion(world) == served
    assert world.status(NAME)["champion"]["servedReplicas"] == 2


def test_everything_goes_on_with_the_restored_registry(rolled_back: World) -> None:
    world = rolled_back
    (other,) = sources(world) - {champion(world)}
    (number,) = [item["version"] for item in world.versions(NAME) if item["source"] == other]
    world.move_alias(NAME, number)
    world.until_served(NAME, number)
    world.retrain(NAME, "once more")
    world.until_served(NAME, "3")
    assert world.predict(NAME, IMAGE).json()["model"]["version"] == "3"
