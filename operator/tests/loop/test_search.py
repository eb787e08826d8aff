"""A search and the training after it, over time, against the small world."""

from __future__ import annotations

from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.seen.training import Progress, SearchSeen
from small_world import World, played

SEARCH = {"parameters": {"batchSize": {"values": [16, 32]}}, "maxTrials": 3}
FOUND = SearchSeen(3, 2, 1, 0, 0.9)


def jobs(world: World) -> list[str]:
    """What each was for, in the order in which they were made."""
    return [
        "search" if naming.SEARCH_LABEL in job["metadata"]["labels"] else "training"
        for job in world.cluster.kind("jobs")
    ]


def environment(job: dict[str, Any]) -> dict[str, str]:
    (container,) = job["spec"]["template"]["spec"]["containers"]
    return {item["name"]: item["value"] for item in container["env"]}


def test_one_search_and_one_training_make_one_version(world: World) -> None:
    async def scene() -> None:
        world.apply(training={"search": SEARCH})
        await world.settle()
        assert jobs(world) == ["search", "training"]
        assert world.condition("Trained") == ("True", "TrainingComplete")
        assert world.decisions()[:2] == [("TrainingStarted", None), ("TrainingSucceeded", "1")]
        search, training = (environment(job) for job in world.cluster.kind("jobs"))
        assert search == training

    played(scene)


def test_a_search_tells_how_far_it_is_and_trains_nothing_while_it_runs(world: World) -> None:
    async def scene() -> None:
        world.apply(training={"search": SEARCH})
        await world.until_training()
        (job,) = world.cluster.kind("jobs")
        run = job["metadata"]["labels"][naming.RUN_LABEL]
        world.storage.progresses[run] = Progress(run, "running", "searching", 66, search=FOUND)
        world.cluster.put(
            "pods",
            {
                "metadata": {
                    "name": "lawn-try-0",
                    "labels": job["metadata"]["labels"],
                    "ownerReferences": [{"uid": job["metadata"]["uid"], "controller": True}],
                },
                "status": {"phase": "Running"},
            },
        )
        await world.settle()
        assert jobs(world) == ["search"]
        assert world.condition("Trained") == ("Unknown", "SearchRunning")
        assert "2 of 3 trials are over" in world.message("Trained")
        assert world.status["training"]["search"]["pruned"] == 1

    played(scene)


def test_a_failed_search_takes_nothing_from_what_serves_and_stays_failed(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        world.train_fails = ("SearchFailed", "none of 3 trials came to an end")
        world.apply(training={"search": SEARCH})
        await world.settle()
        assert world.condition("Trained") == ("False", "TrainingFailed")
        assert jobs(world) == ["training", "search"]
        await world.settle()
        assert jobs(world) == ["training", "search"]
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_more_trials_at_a_time_search_nothing_anew(world: World) -> None:
    async def scene() -> None:
        world.apply(training={"search": SEARCH})
        await world.settle()
        world.apply(training={"search": SEARCH | {"parallelTrials": 3}})
        await world.settle()
        assert jobs(world) == ["search", "training"]
        world.apply(training={"search": SEARCH | {"maxTrials": 4}})
        await world.settle()
        assert jobs(world) == ["training", "search", "training"], "three are kept"
        assert len(world.mlflow.versions) == 2

    played(scene)
