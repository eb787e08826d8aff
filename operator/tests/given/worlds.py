"""Small worlds that have come to something before a story begins."""

from __future__ import annotations

from dataclasses import replace

from dandelion_operator.api.reasons import Failure
from dandelion_operator.seen.live import LiveAccuracySeen
from small_world import World

HALF_RIGHT = LiveAccuracySeen(30, 15, 0.27, 0.73, 0.95, "", rejected=2, corrections=7)


async def two_versions(world: World) -> None:
    """Version 2 serves, version 1 did."""
    world.apply()
    await world.settle()
    world.accuracy = 0.95
    world.annotate("again")
    await world.settle()
    assert world.status["champion"]["version"] == "2"


async def two_replicas(world: World) -> None:
    """They serve, and ask the token reviewer who calls."""
    world.apply(serving={"auth": "ClusterTokens", "replicas": 2})
    await world.settle()
    assert world.condition("Ready") == ("True", "Serving")


def reviewed(world: World, live: LiveAccuracySeen | Failure = HALF_RIGHT) -> None:
    """People's reviews of what serves are imported now."""
    serving = world.mlflow.versions[int(world.serving_version())]
    if isinstance(live, LiveAccuracySeen):
        live = replace(live, computed_at=world.now_text())
    world.storage.live_accuracies[serving["tags"]["dandelion.dev/contract-digest"]] = live


def runs(world: World) -> list[str | None]:
    """What started each run, in order."""
    entries = reversed(world.status["history"])
    return [item.get("trigger") for item in entries if item["decision"] == "TrainingStarted"]
