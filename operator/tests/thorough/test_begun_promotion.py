"""A promotion that was cut off goes on, unless a person or the spec says otherwise by now."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

import pytest
from fakes.cluster import KEY
from fakes.killer import Killed
from small_world import World


async def a_better_version(world: World) -> None:
    world.apply()
    await world.settle()
    world.accuracy = 0.95
    world.apply(training={"epochs": 20})


def rolls_back(world: World) -> None:
    world.mlflow.aliases["champion"] = "1"


async def until_killed(world: World) -> bool:
    """False: it came to rest before."""
    for _ in range(40):
        try:
            await world.reconciler(KEY)
        except Killed:
            return True
        world.tick()
    return False


async def _killed_and_rolled_back_everywhere(world: World, after_effect: bool) -> int:
    await a_better_version(world)
    start, tried = world.stored(), 0
    for number in range(1, 60):
        world.put_back(start)
        world.again(number, after_effect)
        if not await until_killed(world):
            break
        if world.mlflow.aliases.get("champion") != "2":
            continue
        tried += 1
        rolls_back(world)
        world.again(None, after_effect)
        await world.settle()
        assert world.mlflow.aliases["champion"] == "1", f"undone after write {number}"
        assert world.serving_version() == "1"
        assert world.mlflow.verdict(2) in ("promoted", "rejected")
    return tried


@pytest.mark.parametrize("after_effect", [True, False], ids=["done unnoticed", "never done"])
def test_a_person_who_rolls_back_while_the_operator_is_away_is_never_undone(
    after_effect: bool, tmp_path: Path
) -> None:
    tried = asyncio.run(_killed_and_rolled_back_everywhere(World(tmp_path), after_effect))
    assert tried > 3


def test_the_history_is_the_first_write_after_the_alias(tmp_path: Path) -> None:
    async def scene() -> None:
        world = World(tmp_path)
        await a_better_version(world)
        start, told = world.stored(), False
        for number in range(1, 60):
            world.put_back(start)
            world.again(number, True)
            if not await until_killed(world):
                break
            if world.mlflow.aliases.get("champion") == "2" and not told:
                assert world.decisions()[-1] != ("Promoted", "2")
                world.put_back(start)
                world.again(number + 1, True)
                await until_killed(world)
                assert world.decisions()[-1] == ("Promoted", "2")
                told = True
        assert told

    asyncio.run(scene())


async def _suspended_everywhere(world: World, changed: dict[str, Any], reason: str) -> int:
    await a_better_version(world)
    start, tried = world.stored(), 0
    for number in range(1, 60):
        world.put_back(start)
        world.again(number, True)
        if not await until_killed(world):
            break
        if world.mlflow.aliases.get("champion") == "2" or 2 not in world.mlflow.versions:
            continue
        tried += 1
        world.apply(training={"epochs": 20}, **changed)
        world.again(None, True)
        await world.settle()
        assert world.mlflow.aliases["champion"] == "1", f"promoted after write {number}"
        assert world.serving_version() == "1"
        assert world.condition("Promoted") == ("Unknown", reason)
    return tried


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        pytest.param({"suspend": True}, "Suspended", id="suspend"),
        pytest.param({"promotion": {"mode": "Manual"}}, "AwaitingApproval", id="Manual"),
    ],
)
def test_what_the_spec_says_now_holds_for_a_promotion_that_was_cut_off(
    changed: dict[str, Any], reason: str, tmp_path: Path
) -> None:
    assert asyncio.run(_suspended_everywhere(World(tmp_path), changed, reason)) > 3


def test_an_alias_that_a_person_moves_between_two_writes_is_not_overwritten(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        world = World(tmp_path)
        await a_better_version(world)
        handle = world.mlflow._write

        def meddle(method: str, path: str, body: dict[str, Any]) -> Any:
            done = handle(method, path, body)
            if (method, path) == ("DELETE", "/registered-models/alias"):
                rolls_back(world)  # somebody sets it in the very moment in which it is gone
            return done

        monkeypatch.setattr(world.mlflow, "_write", meddle)
        await world.settle()
        assert world.mlflow.aliases["champion"] == "1"
        assert world.serving_version() == "1"

    asyncio.run(scene())
