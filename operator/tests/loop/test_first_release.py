"""What the first release left is taken for what it is, and what is left here is readable to it.

It called the training hash `wish`: in the status, on Jobs and on versions.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
from fakes.cluster import KEY
from small_world import World, played

OURS, FIRST = "dandelion.dev/training-hash", "dandelion.dev/wish"


def as_the_first_release_left_it(world: World) -> None:
    told = world.status["training"]
    told["wish"] = told.pop("trainingHash")
    for job in world.cluster.kind("jobs"):
        labels = job["metadata"]["labels"]
        labels[FIRST] = labels.pop(OURS)
    for version in world.mlflow.versions.values():
        version["tags"][FIRST] = version["tags"].pop(OURS)


def forget_jobs(world: World) -> None:
    for where in [where for where in world.cluster.objects if where[0] == "jobs"]:
        del world.cluster.objects[where]


def forget_status(world: World) -> None:
    del world.cluster.one("modeldeployments", KEY.name)["status"]


@pytest.mark.parametrize(
    "forgotten",
    [
        pytest.param((), id="with all of it"),
        pytest.param((forget_jobs,), id="without Jobs"),
        pytest.param((forget_status,), id="without a status"),
        pytest.param((forget_jobs, forget_status), id="with versions only"),
    ],
)
def test_an_upgrade_from_the_first_release_trains_nothing_and_restarts_nothing(
    world: World, forgotten: tuple[Callable[[World], None], ...]
) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        as_the_first_release_left_it(world)
        for forget in forgotten:
            forget(world)
        jobs = {job["metadata"]["name"] for job in world.cluster.kind("jobs")}
        before = world.cluster.one("deployments", "lawn-inference")["metadata"]["generation"]
        world.restart()
        await world.settle()
        assert {job["metadata"]["name"] for job in world.cluster.kind("jobs")} == jobs
        after = world.cluster.one("deployments", "lawn-inference")["metadata"]["generation"]
        assert after == before
        assert world.mlflow.aliases["champion"] == "1"
        assert world.condition("Ready") == ("True", "Serving")
        assert world.condition("Trained") == ("True", "TrainingComplete")

    played(scene)


def test_a_run_that_failed_in_the_first_release_is_not_repeated_by_an_upgrade(
    world: World,
) -> None:
    async def scene() -> None:
        world.train_fails = ("TooFewClasses", "only one class: grass")
        world.apply()
        await world.settle()
        as_the_first_release_left_it(world)
        forget_jobs(world)
        world.restart()
        await world.settle()
        assert world.cluster.kind("jobs") == []
        assert world.condition("Trained") == ("False", "TrainingFailed")

    played(scene)


def test_a_comparison_is_no_run_for_something_else_to_the_first_release(world: World) -> None:
    async def scene() -> None:
        world.compares = False  # the run itself, so a Job of its own does
        world.apply()
        await world.settle()
        world.annotate("again")
        await world.settle()
        jobs = {
            job["metadata"]["name"]: job["metadata"]["labels"] for job in world.cluster.kind("jobs")
        }
        (comparison,) = (labels for name, labels in jobs.items() if "-evaluate-" in name)
        trained = jobs[world.status["training"]["jobName"]]
        assert comparison["dandelion.dev/run"] == trained["dandelion.dev/run"]
        assert comparison[FIRST] == trained[FIRST]

    played(scene)


def test_the_first_release_finds_the_hash_of_all_that_is_trained_here(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        (job,) = world.cluster.kind("jobs")
        wanted = job["metadata"]["labels"][OURS]
        assert job["metadata"]["labels"][FIRST] == wanted
        assert world.status["training"]["wish"] == wanted
        world.mlflow.lose()
        await world.settle()
        (version,) = world.mlflow.versions.values()
        assert version["tags"][FIRST] == wanted, "a version that is registered again"

    played(scene)
