"""Attempts at a run over time: bounded, on from where the former stopped, never without a cause."""

from __future__ import annotations

from datetime import timedelta

from dandelion_operator.seen.conclusions.attempts import ATTEMPT_LIMIT
from fakes.cluster import KEY
from small_world import World, played


async def expire(world: World) -> None:
    """Kubernetes takes finished Jobs away whose time is up, and their pods with them."""
    for found in world.cluster.kind("jobs"):
        if found.get("status", {}).get("conditions") and "ttlSecondsAfterFinished" in found["spec"]:
            world.cluster.objects.pop(("jobs", KEY.namespace, found["metadata"]["name"]))


def test_a_job_that_goes_at_once_leaves_its_end_behind_and_is_not_run_again(world: World) -> None:
    async def scene() -> None:
        world.train_fails = ("OutOfMemory", "an allocation failed")
        world.apply(training={"ttlSecondsAfterFinished": 0})
        for _ in range(20):
            await world.reconcile()
            world.tick()
            await expire(world)
        assert world.cluster.kind("jobs") == []
        assert world.condition("Trained") == ("False", "TrainingFailed")
        assert world.message("Trained") == "OutOfMemory: an allocation failed"
        assert world.decisions() == [("TrainingStarted", None), ("TrainingFailed", None)]
        world.train_fails = None
        world.apply(training={"resources": {"limits": {"memory": "16Gi"}}})
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")
        (found,) = world.cluster.kind("jobs")
        assert found["metadata"]["name"].endswith(f"-{world.status['training']['run']}-2")
        assert world.status["training"]["attempts"] == 2

    played(scene)


def test_jobs_that_vanish_without_a_word_are_started_a_bounded_number_of_times(
    world: World,
) -> None:
    async def scene() -> None:
        world.apply()
        started = set()
        for _ in range(40):
            await world.reconcile()
            for found in world.cluster.kind("jobs"):
                started.add(found["metadata"]["name"])
                world.cluster.objects.pop(("jobs", KEY.namespace, found["metadata"]["name"]))
            world.time += timedelta(hours=1)
        assert len(started) == ATTEMPT_LIMIT
        assert world.condition("Trained") == ("False", "TrainingFailed")
        assert world.message("Trained").startswith("JobLost: ")
        world.annotate("again")
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_an_attempt_goes_on_where_the_former_one_stopped(world: World) -> None:
    async def scene() -> None:
        world.train_fails = ("StorageUnreachable", "no answer")
        world.apply()
        for _ in range(3):
            await world.reconcile()
            world.tick()
        (first,) = world.cluster.kind("jobs")
        world.train_fails = None
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")
        second = next(item for item in world.cluster.kind("jobs") if item is not first)
        assert second["spec"]["template"]["spec"] == first["spec"]["template"]["spec"]
        assert sorted(world.mlflow.versions) == [1]

    played(scene)
