"""What is told as Kubernetes Events: decisions and troubles, each once."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from dandelion_operator.api.status import Status, parse
from dandelion_operator.loop.report.events import News, news
from small_world import World

NOW = "2026-01-01T00:00:00Z"


def condition(kind: str, status: str, reason: str) -> dict[str, Any]:
    return {"type": kind, "status": status, "reason": reason, "lastTransitionTime": NOW}


def test_every_receipt_is_told_once_oldest_first() -> None:
    first = {"time": NOW, "decision": "TrainingStarted", "reason": "run a"}
    then = {"time": NOW, "decision": "Rejected", "version": "4", "reason": "too low"}
    before, after = parse({"history": [first]}), parse({"history": [then, first]})
    assert list(news(before, after)) == [News("Rejected", "version 4: too low", True)]
    assert list(news(Status(), after)) == [
        News("TrainingStarted", "run a", False),
        News("Rejected", "version 4: too low", True),
    ]
    assert list(news(after, after)) == []


def test_a_condition_that_turns_false_is_told_once() -> None:
    blocked = parse({"conditions": [condition("Accepted", "False", "BucketNotFound")]})
    assert list(news(Status(), blocked)) == [News("BucketNotFound", "", True)]
    assert list(news(blocked, blocked)) == []


def test_becoming_ready_is_told() -> None:
    ready = parse({"conditions": [condition("Ready", "True", "Serving")]})
    assert list(news(Status(), ready)) == [News("Serving", "", False)]
    assert list(news(ready, ready)) == []


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
