"""Live accuracy in a whole small world: told, acted on once, and never for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.seen.live import LiveAccuracySeen
from small_world import World, played

REVIEW: dict[str, Any] = {
    "serving": {"logging": {"images": True}},
    "feedback": {"mode": "Review"},
    "triggers": {"accuracyBelow": 0.9},
}
LOW = LiveAccuracySeen(30, 15, 0.27, 0.73, 0.95, "", rejected=2, corrections=7)


def reviewed(world: World, live: LiveAccuracySeen | Failure = LOW) -> None:
    """People's reviews of what serves are imported now."""
    serving = world.mlflow.versions[int(world.serving_version())]
    if isinstance(live, LiveAccuracySeen):
        live = replace(live, computed_at=world.now_text())
    world.storage.live_accuracies[serving["tags"]["dandelion.dev/contract-digest"]] = live


def runs(world: World) -> list[str | None]:
    """What started each run, in order."""
    entries = reversed(world.status["history"])
    return [item.get("trigger") for item in entries if item["decision"] == "TrainingStarted"]


async def served(world: World, **sections: Any) -> None:
    world.apply(**(REVIEW | sections))
    await world.settle()
    assert runs(world) == ["Created"]
    assert "liveAccuracy" not in world.status


def test_reviews_that_show_it_start_one_run_and_its_version_begins_without_any(
    world: World,
) -> None:
    async def scene() -> None:
        await served(world)
        reviewed(world)
        await world.settle()
        assert runs(world) == ["Created", "LiveAccuracy"]
        assert world.serving_version() == "2"
        assert "liveAccuracy" not in world.status
        said = "15 of 30 reviewed answers of version 1 are right"
        assert world.status["training"]["triggerMessage"].startswith(said)
        world.time += timedelta(days=400)
        await world.settle()
        assert len(runs(world)) == 2

    played(scene)


def test_the_status_tells_it_with_its_interval(world: World) -> None:
    async def scene() -> None:
        await served(world, triggers={})
        reviewed(world)
        await world.settle()
        told = dict(world.status["liveAccuracy"])
        assert told.pop("computedAt").startswith("2026-01-01T")
        assert told == {
            "version": "1",
            "reviewed": 30,
            "right": 15,
            "accuracy": 0.5,
            "lower": 0.27,
            "upper": 0.73,
            "confidence": 0.95,
            "rejected": 2,
            "corrections": 7,
        }
        assert runs(world) == ["Created"]
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_a_rejected_challenger_is_not_trained_again_before_more_is_reviewed(world: World) -> None:
    async def scene() -> None:
        await served(world)
        world.accuracy = 0.5
        reviewed(world)
        await world.settle()
        assert runs(world) == ["Created", "LiveAccuracy"]
        assert world.serving_version() == "1"
        world.time += timedelta(days=400)
        await world.settle()
        assert len(runs(world)) == 2
        reviewed(world, replace(LOW, reviewed=50, right=25))
        await world.settle()
        assert runs(world) == ["Created", "LiveAccuracy", "LiveAccuracy"]

    played(scene)


def test_what_is_reviewed_during_a_run_is_judged_by_whether_its_version_serves(
    world: World,
) -> None:
    async def scene() -> None:
        await served(world)
        world.annotate("now")
        while len(runs(world)) < 2:
            await world.reconcile()
        world.time += timedelta(seconds=5)
        reviewed(world)
        await world.settle()
        assert runs(world) == ["Created", "RetrainRequested"], "what it says is of the former"
        assert world.serving_version() == "2"

    played(scene)


def test_a_resource_that_nobody_reviews_any_more_is_told_nothing(world: World) -> None:
    async def scene() -> None:
        await served(world, triggers={})
        reviewed(world)
        await world.settle()
        assert world.status["liveAccuracy"]["reviewed"] == 30
        world.apply(serving=REVIEW["serving"])
        await world.settle()
        assert "liveAccuracy" not in world.status

    played(scene)


def test_storage_that_is_away_takes_nothing_back(world: World) -> None:
    async def scene() -> None:
        await served(world, triggers={})
        reviewed(world)
        await world.settle()
        before = world.status["liveAccuracy"]
        world.storage.obstacle = Failure(Reason.STORAGE_UNREACHABLE, "s3 cannot be reached")
        await world.settle()
        assert world.status["liveAccuracy"] == before

    played(scene)


def test_what_cannot_be_read_is_told_and_nothing_else_suffers(world: World) -> None:
    async def scene() -> None:
        await served(world)
        words = "s3://models/default/lawn/live/1.json is no live accuracy: apiVersion"
        reviewed(world, Failure(Reason.EVALUATION_FAILED, words))
        await world.settle()
        assert world.status["liveAccuracy"] == {"version": "1", "message": words}
        assert world.condition("Ready") == ("True", "Serving")
        assert world.condition("Promoted") == ("True", "VersionPromoted")
        reviewed(world, replace(LOW, upper=0.95))
        await world.settle()
        assert "message" not in world.status["liveAccuracy"]
        assert runs(world) == ["Created"]

    played(scene)


def test_a_killed_operator_starts_the_same_run(tmp_path: Path) -> None:
    async def scene() -> None:
        for kill_at in range(1, 6):
            for after_effect in (True, False):
                world = World(tmp_path / f"{kill_at}{after_effect}")
                await served(world)
                reviewed(world)
                world.again(kill_at, after_effect)
                await world.settle()
                world.again(None, after_effect)
                await world.settle()
                assert runs(world) == ["Created", "LiveAccuracy"], kill_at
                assert sorted(world.mlflow.versions) == [1, 2], kill_at

    played(scene)
