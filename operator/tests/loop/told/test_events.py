"""Kubernetes Events: decisions and troubles, each once."""

from __future__ import annotations

import asyncio
from pathlib import Path

from dandelion_operator.api.status import Status, parse
from dandelion_operator.loop.report.events import Event, new_events
from small_world import World

NOW = "2026-01-01T00:00:00Z"


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


WARNED = {
    "version": "sha256:a",
    "images": 90,
    "rejected": {"Unreadable": 10},
    "warnings": ["grass: only 8 images are held out"],
}


def test_a_dataset_version_with_something_to_look_at_makes_one_event() -> None:
    first = parse({"dataset": WARNED})
    (event,) = new_events(Status(), first)
    assert event == Event(
        "DatasetWarnings",
        "dataset version sha256:a: 10% of its files were rejected: Unreadable 10; "
        "grass: only 8 images are held out",
        True,
    )
    assert list(new_events(first, first)) == []
    (again,) = new_events(first, parse({"dataset": WARNED | {"version": "sha256:b"}}))
    assert again.message.startswith("dataset version sha256:b")


def test_few_rejected_files_make_no_event() -> None:
    found = parse({"dataset": {"version": "sha256:a", "images": 96, "rejected": {"Duplicate": 4}}})
    assert list(new_events(Status(), found)) == []


def test_a_class_that_is_never_answered_makes_one_event() -> None:
    silent = parse({"evaluation": {"challenger": "4", "neverAnswered": ["grass", "moss"]}})
    words = "version 4 gave these classes to no holdout image: grass, moss"
    assert list(new_events(Status(), silent)) == [Event("NeverAnswered", words, True)]
    assert list(new_events(silent, silent)) == []
    assert list(new_events(silent, parse({"evaluation": {"challenger": "5"}}))) == []


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
