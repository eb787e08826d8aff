"""New addresses in a whole small world: they count as images do, whatever becomes of them."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from given.worlds import runs
from small_world import ADDRESSES, TABLE, World, played

ENOUGH = {"newImages": 3, "quietSeconds": 60, "maxWaitSeconds": 3600}
FIRST = ("url,label", "http://a.example/0.png,grass")


def lines(count: int) -> tuple[str, ...]:
    return tuple(f"http://a.example/{number}.png,grass" for number in range(1, count + 1))


def wait(world: World, **time: float) -> None:
    world.time += timedelta(**time)


async def trained(world: World, **sections: Any) -> None:
    world.write_table(*FIRST)
    world.apply(dataset=ADDRESSES, triggers=ENOUGH, **sections)
    await world.settle()
    assert runs(world) == ["Created"]
    assert world.status["triggers"]["newImages"] == 0


def test_enough_of_them_start_one_run_once_the_table_is_left_alone(world: World) -> None:
    async def scene() -> None:
        await trained(world)
        world.write_table(*FIRST, *lines(3))
        await world.reconcile()
        assert runs(world) == ["Created"]
        assert world.status["triggers"]["newImages"] == 3
        wait(world, minutes=2)
        await world.settle()
        assert runs(world) == ["Created", "NewImages"]
        told = world.status["training"]["triggerMessage"]
        assert told.startswith("3 new images, 3 of them at addresses, since dataset version")
        started = next(
            item for item in world.status["history"] if item["decision"] == "TrainingStarted"
        )
        assert "3 of them at addresses" in started["reason"]
        assert world.status["triggers"]["newImages"] == 0
        wait(world, days=400)
        await world.settle()
        assert runs(world) == ["Created", "NewImages"], "what was read asks for no other run"

    played(scene)


def test_they_are_enough_together_with_uploads(world: World) -> None:
    async def scene() -> None:
        await trained(world)
        world.storage.upload("1")
        world.write_table(*FIRST, *lines(2))
        wait(world, minutes=2)
        await world.settle()
        assert runs(world) == ["Created", "NewImages"]
        assert "3 new images, 2 of them at addresses," in world.status["training"]["triggerMessage"]

    played(scene)


def test_a_table_that_is_written_again_and_again_waits_no_longer_than_asked_for(
    world: World,
) -> None:
    async def scene() -> None:
        await trained(world)
        begun, count = world.time, 2
        while len(runs(world)) < 2:
            count += 1
            world.write_table(*FIRST, *lines(count))
            wait(world, seconds=45)
            world.restart()
            await world.reconcile()
            assert world.time - begun < timedelta(hours=2), "it never starts"
        assert timedelta(minutes=59) < world.time - begun < timedelta(minutes=62)
        assert "go on coming after maxWaitSeconds" in world.status["training"]["triggerMessage"]
        await world.settle()
        assert "enoughImages" not in world.status["triggers"]

    played(scene)


def test_what_is_added_during_a_run_is_quiet_before_the_next_one(world: World) -> None:
    async def scene() -> None:
        await trained(world)
        world.write_table(*FIRST, *lines(3))
        await world.reconcile()
        wait(world, minutes=2)
        while len(runs(world)) < 2:
            await world.reconcile()
        world.tick()  # the run reads the table and ends
        wait(world, hours=2)
        world.write_table(*FIRST, *lines(6))
        for _ in range(4):
            await world.reconcile()
            assert runs(world) == ["Created", "NewImages"]
        assert world.status["triggers"]["newImages"] == 3
        wait(world, minutes=2)
        await world.settle()
        assert runs(world) == ["Created", "NewImages", "NewImages"]

    played(scene)


def test_a_table_that_goes_away_is_told_and_uploads_are_counted_on(world: World) -> None:
    async def scene() -> None:
        await trained(world)
        del world.cluster.objects["configmaps", "default", TABLE]
        world.storage.upload("1", "2")
        await world.settle()
        assert world.status["triggers"]["newImages"] == 2
        words = f"new addresses are not counted: there is no ConfigMap {TABLE}"
        assert words in world.message("Trained")
        world.storage.upload("3")
        wait(world, minutes=2)
        await world.settle()
        assert runs(world) == ["Created", "NewImages"]

    played(scene)


def test_an_operator_that_may_not_read_the_table_says_so(world: World) -> None:
    async def scene() -> None:
        await trained(world)
        world.cluster.unreadable.add("configmaps")
        world.write_table(*FIRST, *lines(3))
        wait(world, hours=1)
        await world.settle()
        assert runs(world) == ["Created"]
        told = world.message("Trained")
        assert f"new addresses are not counted: the ConfigMap {TABLE} may not be read:" in told
        world.cluster.unreadable.clear()
        await world.settle()
        assert runs(world) == ["Created", "NewImages"]

    played(scene)


def test_a_failed_run_is_followed_by_one_for_a_changed_table(world: World) -> None:
    async def scene() -> None:
        world.train_fails = ("LabelsInvalid", "no label in line 2")
        world.write_table(*FIRST)
        world.apply(dataset=ADDRESSES)
        await world.settle()
        assert world.condition("Trained") == ("False", "TrainingFailed")
        world.train_fails = None
        wait(world, days=9)
        await world.settle()
        assert runs(world) == ["Created"]
        world.write_table(*FIRST, *lines(1))
        await world.settle()
        assert runs(world) == ["Created", "DatasetChanged"]

    played(scene)


def test_without_the_trigger_a_changed_table_starts_nothing_and_is_not_read(world: World) -> None:
    async def scene() -> None:
        world.write_table(*FIRST)
        world.apply(dataset=ADDRESSES)
        await world.settle()
        world.write_table(*FIRST, *lines(1000))
        world.cluster.reads.clear()
        wait(world, days=9)
        await world.settle()
        assert runs(world) == ["Created"]
        assert world.cluster.reads["configmaps", TABLE] == 0

    played(scene)
