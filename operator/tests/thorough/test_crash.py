"""Killing the operator at any write changes nothing about where everything ends."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest
from small_world import World


async def nothing(world: World) -> None:
    pass


async def a_champion(world: World) -> None:
    world.apply()
    await world.settle()


async def a_waiting_challenger(world: World) -> None:
    world.apply(promotion={"mode": "Manual"})
    await world.settle()


async def a_champion_that_asks_who_calls(world: World) -> None:
    world.apply(serving={"auth": "ClusterTokens"})
    await world.settle()


async def a_run_in_flight(world: World) -> None:
    world.apply()
    await world.until_training()


async def a_better_version(world: World) -> None:
    world.accuracy = 0.95
    world.apply(training={"epochs": 20})
    await world.settle()


async def a_worse_version(world: World) -> None:
    world.accuracy = 0.85
    world.annotate("again")
    await world.settle()


async def a_person_approves(world: World) -> None:
    world.mlflow.aliases["champion"] = "1"
    await world.settle()


async def a_newer_spec(world: World) -> None:
    world.apply(training={"epochs": 20})
    await world.settle()


async def a_search(world: World) -> None:
    world.apply(training={"search": {"parameters": {"epochs": {"values": [5, 10]}}}})
    await world.settle()


async def new_images_that_are_only_read(world: World) -> None:
    world.storage.upload("a.jpg")
    world.annotate("now", "ingest")
    await world.settle()


async def a_run_in_flight_and_another_champion(world: World) -> None:
    """The run compares its model with version 2; meanwhile a person rolls back to version 1."""
    await a_champion(world)
    await a_better_version(world)
    world.accuracy = 0.97
    before = [job["metadata"]["name"] for job in world.cluster.kind("jobs")]
    world.annotate("once more")
    while len(world.cluster.kind("jobs")) == len(before):
        await world.reconcile()
    world.standing = {job["metadata"]["name"] for job in world.cluster.kind("jobs")} - {*before}
    await world.settle()
    world.mlflow.aliases["champion"] = "1"
    await world.settle()


async def the_run_ends(world: World) -> None:
    world.standing = set()
    await world.settle()


Scene = Callable[[World], Awaitable[None]]


@pytest.mark.parametrize("after_effect", [True, False], ids=["done unnoticed", "never done"])
@pytest.mark.parametrize(
    ("before", "scene"),
    [
        pytest.param(nothing, a_champion, id="the first version"),
        pytest.param(nothing, a_champion_that_asks_who_calls, id="the first, behind tokens"),
        pytest.param(a_champion, a_champion_that_asks_who_calls, id="put behind tokens"),
        pytest.param(a_champion, a_better_version, id="retrained, better"),
        pytest.param(a_champion, a_worse_version, id="retrained, worse"),
        pytest.param(a_champion, a_search, id="searched for and retrained"),
        pytest.param(a_champion, new_images_that_are_only_read, id="read, and not trained on"),
        pytest.param(a_waiting_challenger, a_person_approves, id="approved by a person"),
        pytest.param(a_run_in_flight, a_newer_spec, id="stopped for a newer spec"),
        pytest.param(
            a_run_in_flight_and_another_champion, the_run_ends, id="compared by a Job of its own"
        ),
    ],
)
def test_killed_at_any_write_the_end_is_the_same(
    before: Scene, scene: Scene, after_effect: bool, tmp_path: Path
) -> None:
    asyncio.run(_killed_everywhere(World(tmp_path), before, scene, after_effect))


# Where a scene takes fewer writes than the others: what serves is only changed.
FEWEST = {
    (a_champion, a_champion_that_asks_who_calls): 3,
    (a_champion, new_images_that_are_only_read): 3,
}


async def _killed_everywhere(world: World, before: Scene, scene: Scene, after_effect: bool) -> None:
    await before(world)
    start = world.stored()
    world.again(None, after_effect)
    await scene(world)
    expected, writes = world.outcome(), world.killer.writes
    assert writes >= FEWEST.get((before, scene), 4)
    for number in range(1, writes + 1):
        world.put_back(start)
        world.again(number, after_effect)
        await scene(world)
        assert world.outcome() == expected, f"killed at write {number} of {writes}"


def test_the_first_version_is_one_job_one_version_one_champion(tmp_path: Path) -> None:
    world = World(tmp_path)
    asyncio.run(a_champion(world))
    outcome = world.outcome()
    assert len(outcome["jobs"]) == len(outcome["versions"]) == 1
    assert outcome["aliases"] == {"champion": "1"}
    assert outcome["verdicts"] == {1: "promoted"}
    assert outcome["conditions"] == {
        "Accepted": ("True", "Valid"),
        "Trained": ("True", "TrainingComplete"),
        "Promoted": ("True", "VersionPromoted"),
        "RolledOut": ("True", "ReplicasAvailable"),
        "Ready": ("True", "Serving"),
        "DriftDetected": ("Unknown", "DriftNotTold"),
    }
    assert outcome["decisions"] == [
        ("TrainingStarted", None),
        ("TrainingSucceeded", "1"),
        ("Promoted", "1"),
    ]


def test_at_rest_nothing_is_written(tmp_path: Path) -> None:
    world = World(tmp_path)

    async def rest() -> None:
        await a_champion(world)
        before = world.killer.writes
        for _ in range(5):
            await world.reconcile()
            world.tick()
        assert world.killer.writes == before

    asyncio.run(rest())
