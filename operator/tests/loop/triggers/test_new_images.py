"""New images in a whole small world: none is forgotten, and one run takes all that there are."""

from __future__ import annotations

import math
from datetime import timedelta
from pathlib import Path

from dandelion_operator.api.reasons import Failure, Reason
from fakes.cluster import KEY
from given.worlds import runs
from small_world import World, played

ENOUGH = {"newImages": 3, "quietSeconds": 60}


def wait(world: World, **time: float) -> None:
    world.time += timedelta(**time)


def learnt(world: World) -> set[str]:
    """The uploads that the newest model version learnt from."""
    newest = world.mlflow.versions[max(world.mlflow.versions)]
    return set(world.storage.listed[newest["tags"]["dandelion.dev/dataset-digest"]])


async def trained(world: World, **triggers: object) -> None:
    world.apply(triggers=ENOUGH | triggers)
    await world.settle()
    assert runs(world) == ["Created"]
    assert world.status["triggers"]["newImages"] == 0


def test_enough_of_them_start_one_run_once_they_are_quiet(world: World) -> None:
    async def scene() -> None:
        await trained(world)
        world.storage.upload("1", "2", "3", "4")
        for _ in range(6):
            await world.reconcile()
            assert runs(world) == ["Created"]
            assert world.status["triggers"]["newImages"] == 4
            wait(world, seconds=9)
        wait(world, seconds=6)
        await world.settle()
        assert runs(world) == ["Created", "NewImages"]
        assert learnt(world) == {"1", "2", "3", "4"}
        assert world.status["triggers"]["newImages"] == 0
        assert "4 new images since dataset version" in world.status["training"]["triggerMessage"]
        wait(world, days=400)
        await world.settle()
        assert runs(world) == ["Created", "NewImages"]

    played(scene)


def test_the_queue_is_told_when_they_will_be_quiet(world: World) -> None:
    async def scene() -> None:
        await trained(world)
        world.storage.upload("1", "2", "3")
        wait(world, seconds=18)
        asked = await world.reconciler(KEY)
        assert asked is not None
        assert (asked.after, asked.latest) == (42.0, 42.0)
        world.storage.uploads.popitem()
        asked = await world.reconciler(KEY)
        assert asked is not None
        assert (asked.after, asked.latest) == (60.0, math.inf), "fewer are waited for at rest"

    played(scene)


def test_fewer_start_nothing_by_themselves_and_any_later_run_takes_them(world: World) -> None:
    async def scene() -> None:
        await trained(world)
        world.storage.upload("1", "2")
        wait(world, days=400)
        await world.settle()
        assert runs(world) == ["Created"]
        assert world.status["triggers"]["newImages"] == 2
        world.annotate("now")
        await world.settle()
        assert runs(world) == ["Created", "RetrainRequested"]
        assert learnt(world) == {"1", "2"}
        assert world.status["triggers"]["newImages"] == 0

    played(scene)


def test_what_comes_during_a_run_is_taken_by_exactly_one_after_it(world: World) -> None:
    async def scene() -> None:
        await trained(world)
        world.annotate("now")
        while len(runs(world)) < 2:
            await world.reconcile()
        world.storage.upload("before it lists")
        world.tick()  # it lists and ends, which the operator does not know yet
        world.storage.upload(*(f"{number}" for number in range(1000)))
        await world.settle()
        assert runs(world) == ["Created", "RetrainRequested"]
        wait(world, minutes=10)
        await world.settle()
        assert runs(world) == ["Created", "RetrainRequested", "NewImages"]
        assert len(learnt(world)) == 1001
        assert "1,000 new images" in world.status["training"]["triggerMessage"]
        wait(world, days=1)
        await world.settle()
        assert len(runs(world)) == 3

    played(scene)


def test_what_comes_while_the_operator_is_away_is_taken_by_one_run(world: World) -> None:
    async def scene() -> None:
        await trained(world)
        for number in range(40):
            world.storage.upload(f"{number}")
            wait(world, hours=1)
        world.restart()
        await world.settle()
        assert runs(world) == ["Created", "NewImages"]
        assert len(learnt(world)) == 40

    played(scene)


def test_a_resource_that_is_suspended_takes_them_once_it_goes_on(world: World) -> None:
    async def scene() -> None:
        await trained(world)
        world.apply(triggers=ENOUGH, suspend=True)
        world.storage.upload("1", "2", "3")
        wait(world, hours=1)
        await world.settle()
        assert runs(world) == ["Created"]
        world.apply(triggers=ENOUGH)
        await world.settle()
        assert runs(world) == ["Created", "NewImages"]

    played(scene)


def test_a_failed_run_is_not_repeated_for_the_same_images_but_for_others(world: World) -> None:
    async def scene() -> None:
        await trained(world)
        world.train_fails = ("ImagesUnreadable", "no image can be read")
        world.storage.upload("1", "2", "3")
        wait(world, minutes=2)
        await world.settle()
        assert runs(world) == ["Created", "NewImages"]
        assert world.condition("Trained") == ("False", "TrainingFailed")
        wait(world, days=400)
        await world.settle()
        assert len(runs(world)) == 2
        world.train_fails = None
        world.storage.upload("4")
        wait(world, minutes=2)
        await world.settle()
        assert runs(world) == ["Created", "NewImages", "DatasetChanged"]
        assert learnt(world) == {"1", "2", "3", "4"}

    played(scene)


def test_a_version_without_a_note_fires_nothing_and_the_next_run_puts_that_right(
    world: World,
) -> None:
    async def scene() -> None:
        await trained(world)
        world.storage.listed.clear()
        world.storage.upload("1", "2", "3")
        wait(world, hours=1)
        await world.settle()
        assert runs(world) == ["Created"]
        assert "newImages" not in world.status["triggers"]
        assert "new images are not counted: nothing is noted" in world.message("Trained")
        world.annotate("now")
        await world.settle()
        assert world.status["triggers"]["newImages"] == 0
        assert "not counted" not in world.message("Trained")

    played(scene)


def test_the_status_is_written_once_for_each_count(world: World) -> None:
    async def scene() -> None:
        await trained(world)
        world.storage.upload("1", "2")
        await world.settle()
        before = world.cluster.one("modeldeployments", "lawn")["metadata"]["resourceVersion"]
        for _ in range(5):
            wait(world, minutes=1)
            await world.reconcile()
        after = world.cluster.one("modeldeployments", "lawn")["metadata"]["resourceVersion"]
        assert after == before

    played(scene)


def test_storage_that_is_away_is_told_and_forgets_nothing(world: World) -> None:
    async def scene() -> None:
        await trained(world)
        world.storage.upload("1", "2", "3")
        wait(world, hours=1)
        world.storage.obstacle = Failure(Reason.STORAGE_UNREACHABLE, "s3 cannot be reached")
        await world.settle()
        assert runs(world) == ["Created"]
        assert world.condition("Accepted") == ("False", "StorageUnreachable")
        assert world.condition("Ready")[0] == "True"
        world.storage.obstacle = None
        await world.settle()
        assert runs(world) == ["Created", "NewImages"]

    played(scene)


def test_a_killed_operator_starts_the_same_run(tmp_path: Path) -> None:
    async def scene() -> None:
        for kill_at in range(1, 6):
            for after_effect in (True, False):
                world = World(tmp_path / f"{kill_at}{after_effect}")
                await trained(world)
                world.storage.upload("1", "2", "3")
                wait(world, hours=1)
                world.again(kill_at, after_effect)
                await world.settle()
                world.again(None, after_effect)
                await world.settle()
                assert runs(world) == ["Created", "NewImages"], kill_at
                assert sorted(world.mlflow.versions) == [1, 2], kill_at

    played(scene)
