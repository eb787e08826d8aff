"""Kubernetes Events: decisions and troubles, each once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from dandelion_operator.api.status import Status, parse
from dandelion_operator.loop.report.events import Event, new_events
from small_world import World

NOW = "2026-01-01T00:00:00Z"


def condition(kind: str, status: str, reason: str) -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": reason, "lastTransitionTime": NOW}


def test_every_history_entry_makes_one_event_oldest_first() -> None:
    first = {"time": NOW, "decision": "TrainingStarted", "reason": "run a"}
    then = {"time": NOW, "decision": "Rejected", "version": "4", "reason": "too low"}
    before, after = parse({"history": [first]}), parse({"history": [then, first]})
    assert list(new_events(before, after)) == [Event("Rejected", "version 4: too low", True)]
    assert list(new_events(Status(), after)) == [
        Event("TrainingStarted", "run a", False),
        Event("Rejected", "version 4: too low", True),
    ]
    assert list(new_events(after, after)) == []


def test_a_condition_that_turns_false_makes_one_event() -> None:
    blocked = parse({"conditions": [condition("Accepted", "False", "BucketNotFound")]})
    assert list(new_events(Status(), blocked)) == [Event("BucketNotFound", "", True)]
    assert list(new_events(blocked, blocked)) == []


def test_becoming_ready_makes_an_event() -> None:
    ready = parse({"conditions": [condition("Ready", "True", "Serving")]})
    assert list(new_events(Status(), ready)) == [Event("Serving", "", False)]
    assert list(new_events(ready, ready)) == []


def test_the_same_again_raises_a_count_and_makes_no_second_event(tmp_path: Path) -> None:
    world = World(tmp_path)

    async def scene() -> None:
        world.apply()
        await world.settle()
        world.annotate("again")
        await world.settle()
        for number in ("1", "2", "1", "2"):
            world.mlflow.aliases["champion"] = number
            await world.settle()

    asyncio.run(scene())
    followed = [item for item in world.cluster.kind("events") if item["reason"] == "FollowedAlias"]
    assert sorted(item["count"] for item in followed) == [2, 2]
    for event in followed:
        assert event["involvedObject"]["name"] == "lawn"
