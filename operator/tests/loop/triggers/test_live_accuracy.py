"""Live accuracy in a whole small world: told, acted on once, and never for ever."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from typing import Any

from dandelion_operator.api.reasons import Failure, Reason
from given.triggers import REVIEW
from given.worlds import HALF_RIGHT, reviewed, runs
from small_world import World, played

ASKED: dict[str, Any] = REVIEW | {"triggers": {"accuracyBelow": 0.9}}


async def served(world: World, **sections: Any) -> None:
    world.apply(**(ASKED | sections))
    await world.settle()
    assert runs(world) == ["Created"]
    assert "liveAccuracy" not in world.status


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
        reviewed(world, replace(HALF_RIGHT, reviewed=50, right=25))
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
        reviewed(world, replace(HALF_RIGHT, upper=0.95))
        await world.settle()
        assert "message" not in world.status["liveAccuracy"]
        assert runs(world) == ["Created"]

    played(scene)


def test_the_status_tells_when_somebody_decided_last_where_people_are_asked_to(
    world: World,
) -> None:
    async def scene() -> None:
        await served(world, triggers={})
        assert "reviews" not in world.status
        world.storage.decided = "2026-01-01T07:00:00Z"
        await world.settle()
        assert world.status["reviews"] == {"lastDecisionTime": "2026-01-01T07:00:00Z"}
        world.storage.obstacle = Failure(Reason.STORAGE_UNREACHABLE, "s3 cannot be reached")
        world.restart()
        await world.settle()
        assert world.status["reviews"] == {"lastDecisionTime": "2026-01-01T07:00:00Z"}
        world.storage.obstacle = None
        world.apply()
        await world.settle()
        assert "reviews" not in world.status

    played(scene)
