"""A version is compared with the champion of the moment, by training or by a Job of its own."""

from __future__ import annotations

from given.worlds import two_versions
from small_world import World, played


def evaluations(world: World) -> list[str]:
    return [name for name in jobs(world) if "-evaluate-" in name]


def jobs(world: World) -> list[str]:
    return [item["metadata"]["name"] for item in world.cluster.kind("jobs")]


async def the_champion_moves_while_version_3_trains(world: World) -> None:
    await two_versions(world)
    world.accuracy = 0.96
    world.annotate("once more")
    before = jobs(world)
    while jobs(world) == before:
        await world.reconcile()
    world.standing = set(jobs(world)) - set(before)
    await world.settle()
    world.mlflow.aliases["champion"] = "1"
    await world.settle()
    world.standing = set()


def test_training_compares_with_the_champion_so_no_job_is_needed(world: World) -> None:
    async def scene() -> None:
        await two_versions(world)
        assert evaluations(world) == []
        found = world.status["evaluation"]
        assert (found["challenger"], found["champion"], found["images"]) == ("2", "1", 1000)
        assert found["difference"] == 0.05
        assert found["interval"][0] < 0.05 < found["interval"][1]
        assert found["verdict"] == "promoted"
        assert found["datasetVersion"].startswith("sha256:")

    played(scene)


def test_a_champion_that_moved_meanwhile_is_compared_by_a_job_of_its_own(world: World) -> None:
    async def scene() -> None:
        await the_champion_moves_while_version_3_trains(world)
        await world.settle()
        (job,) = evaluations(world)
        assert world.cluster.one("jobs", job)["status"]["conditions"][0]["type"] == "Complete"
        assert world.status["champion"]["version"] == "3"
        found = world.status["evaluation"]
        assert (found["challenger"], found["champion"]) == ("3", "1")
        assert world.status["training"]["jobName"] != job, "it is no run"

    played(scene)


def test_a_comparison_that_fails_is_told_and_not_tried_again(world: World) -> None:
    async def scene() -> None:
        world.evaluation_fails = True
        await the_champion_moves_while_version_3_trains(world)
        await world.settle()
        assert world.condition("Promoted") == ("Unknown", "EvaluationFailed")
        assert "DatasetVersionUnavailable: 3 images are gone" in world.message("Promoted")
        assert world.condition("Trained") == ("True", "TrainingComplete")
        assert world.condition("Ready") == ("True", "Serving")
        assert world.status["champion"]["version"] == "1"
        before = world.killer.writes
        for _ in range(5):
            await world.reconcile()
            world.tick()
        assert world.killer.writes == before
        world.evaluation_fails = False
        world.apply(promotion={"margin": 0.03})
        await world.settle()
        assert world.status["champion"]["version"] == "3"
        assert len(evaluations(world)) == 1

    played(scene)
