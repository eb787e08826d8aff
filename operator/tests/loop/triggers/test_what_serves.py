"""Drift and live accuracy in a whole small world: one run answers each, its version counts anew."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from given.triggers import AFAR, REVIEW
from given.worlds import reviewed, runs
from small_world import World, played


@dataclass(frozen=True)
class Asked:
    trigger: str
    sections: dict[str, Any]
    words: str

    def happens(self, world: World) -> None:
        """What the version that serves is asked is strange, or its answers are wrong."""
        world.time += timedelta(minutes=1)
        if self.trigger == "Drift":
            world.compare(*AFAR)
        else:
            reviewed(world)

    def nothing_is_told(self, world: World) -> None:
        """Of the version that serves."""
        if self.trigger == "Drift":
            assert world.condition("DriftDetected") == ("Unknown", "DriftNotTold")
            assert "score" not in world.status["drift"]
        else:
            assert "liveAccuracy" not in world.status

    async def served(self, world: World, **sections: Any) -> None:
        """The first version, whose answers nobody looked at yet."""
        world.apply(**(self.sections | sections))
        await world.settle()
        assert runs(world) == ["Created"]
        self.nothing_is_told(world)


DRIFT = Asked(
    "Drift", {"triggers": {"driftAbove": 1.5}}, "3 windows of 20 answers in a row of version 1"
)
ACCURACY = Asked(
    "LiveAccuracy",
    REVIEW | {"triggers": {"accuracyBelow": 0.9}},
    "15 of 30 reviewed answers of version 1 are right",
)
both = pytest.mark.parametrize(
    "asked", [pytest.param(DRIFT, id="drift"), pytest.param(ACCURACY, id="accuracy")]
)


@both
def test_it_starts_one_run_and_its_version_counts_anew(world: World, asked: Asked) -> None:
    async def scene() -> None:
        await asked.served(world)
        asked.happens(world)
        await world.settle()
        assert runs(world) == ["Created", asked.trigger]
        assert world.serving_version() == "2"
        assert asked.words in world.status["training"]["triggerMessage"]
        asked.nothing_is_told(world)
        world.time += timedelta(days=400)
        await world.settle()
        assert runs(world) == ["Created", asked.trigger]
        asked.happens(world)
        await world.settle()
        assert runs(world) == ["Created", asked.trigger, asked.trigger]

    played(scene)


@both
def test_while_a_person_is_asked_it_starts_nothing(world: World, asked: Asked) -> None:
    async def scene() -> None:
        world.apply(**asked.sections, promotion={"mode": "Manual"})
        await world.settle()
        world.mlflow.aliases["champion"] = "1"
        await world.settle()
        for _ in range(3):
            world.time += timedelta(days=7)
            asked.happens(world)
            await world.settle()
            assert runs(world) == ["Created", asked.trigger]
        world.mlflow.aliases["champion"] = "2"
        await world.settle()
        asked.happens(world)
        await world.settle()
        assert runs(world) == ["Created", asked.trigger, asked.trigger]

    played(scene)


@both
def test_a_cooldown_holds_it_back_and_says_so(world: World, asked: Asked) -> None:
    async def scene() -> None:
        triggers = asked.sections["triggers"] | {"cooldownSeconds": 86_400}
        await asked.served(world, triggers=triggers)
        asked.happens(world)
        await world.settle()
        assert runs(world) == ["Created"]
        waiting = world.status["triggers"]["waiting"]
        assert waiting["trigger"] == asked.trigger
        assert "; cooldownSeconds is 86400" in waiting["message"]
        world.time += timedelta(days=1)
        await world.settle()
        assert runs(world) == ["Created", asked.trigger]
        assert "waiting" not in world.status["triggers"]

    played(scene)


@both
def test_a_killed_operator_starts_the_same_run(tmp_path: Path, asked: Asked) -> None:
    async def scene() -> None:
        for kill_at in range(1, 6):
            for after_effect in (True, False):
                world = World(tmp_path / f"{kill_at}{after_effect}")
                await asked.served(world)
                asked.happens(world)
                world.again(kill_at, after_effect)
                await world.settle()
                world.again(None, after_effect)
                await world.settle()
                assert runs(world) == ["Created", asked.trigger], kill_at
                assert sorted(world.mlflow.versions) == [1, 2], kill_at

    played(scene)


@both
def test_an_operator_that_starts_takes_nothing_back_and_tells_nothing_twice(
    world: World, asked: Asked
) -> None:
    async def scene() -> None:
        await asked.served(world, triggers={})
        asked.happens(world)
        await world.settle()
        at_rest, writes = world.everything(), world.killer.writes
        world.restart()
        for _ in range(3):
            await world.reconcile()
        assert world.everything() == at_rest
        assert world.killer.writes == writes

    played(scene)
