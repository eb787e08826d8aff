"""Small worlds that have come to something before a story begins."""

from __future__ import annotations

from small_world import World


async def two_versions(world: World) -> None:
    """Version 2 serves, version 1 did."""
    world.apply()
    await world.settle()
    world.accuracy = 0.95
    world.annotate("again")
    await world.settle()
    assert world.status["champion"]["version"] == "2"


async def two_replicas(world: World) -> None:
    """They serve, and ask the API server who calls."""
    world.apply(serving={"auth": "ClusterTokens", "replicas": 2})
    await world.settle()
    assert world.condition("Ready") == ("True", "Serving")
