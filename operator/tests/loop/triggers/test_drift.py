"""Drift in a whole small world: it is told, asks for one run where it may, and never for ever."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from fakes.cluster import KEY
from given.worlds import runs
from small_world import World, played

AFAR, NEAR = (2.0, 2.0, 2.0), (0.5,) * 5


def wait(world: World, **time: float) -> None:
    world.time += timedelta(**time)


async def served(world: World, **sections: Any) -> None:
    """The first version, of whose images nothing is known yet."""
    world.apply(**sections)
    await world.settle()
    assert runs(world) == ["Created"]
    assert world.condition("DriftDetected") == ("Unknown", "DriftNotTold")


async def reach(world: World, *ratios: float) -> None:
    """Windows of a minute later, and what comes of them."""
    wait(world, minutes=1)
    world.compare(*ratios)
    await world.settle()


def test_drift_is_told_and_starts_nothing_by_itself(world: World) -> None:
    async def scene() -> None:
        await served(world)
        await reach(world, *NEAR)
        assert world.condition("DriftDetected") == ("False", "NoDrift")
        await reach(world, *AFAR)
        assert world.condition("DriftDetected") == ("True", "ImagesDrifted")
        assert world.condition("Ready") == ("True", "Serving")
        assert (world.status["drift"]["score"], world.status["drift"]["version"]) == (2.0, "1")
        assert "above" not in world.status["drift"]
        wait(world, days=1)
        await reach(world, *NEAR)
        assert world.condition("DriftDetected") == ("False", "NoDrift")
        assert runs(world) == ["Created"]

    played(scene)


def test_a_run_that_did_no_good_is_not_repeated_before_the_next_day(world: World) -> None:
    async def scene() -> None:
        await served(world, triggers={"driftAbove": 1.5})
        world.accuracy = 0.5  # of what comes: it is rejected
        for _ in range(5):
            await reach(world, *AFAR)
            assert runs(world) == ["Created", "Drift"]
        assert world.serving_version() == "1"
        wait(world, days=1)
        await world.settle()
        assert runs(world) == ["Created", "Drift"], "windows of the day before are answered"
        await reach(world, *AFAR)
        assert runs(world) == ["Created", "Drift", "Drift"]

    played(scene)


def test_a_pod_that_is_busy_does_not_have_the_status_written_at_every_look(world: World) -> None:
    async def scene() -> None:
        await served(world)
        await reach(world, *NEAR)
        writes = world.killer.writes
        for number in range(20):
            world.time += timedelta(seconds=10)
            world.compare(*(0.5 + number / 100 for _ in range(5)))
            await world.reconcile()
        assert world.killer.writes == writes

    played(scene)


def test_the_pods_of_a_version_are_asked_at_their_port_for_probes(world: World) -> None:
    async def scene() -> None:
        await served(world, serving={"replicas": 3})
        world.asked_windows.clear()
        await world.reconciler(KEY)
        world.time += timedelta(seconds=10)
        await world.reconciler(KEY)
        assert world.asked_windows == {("10.0.1.1", 8081)}

    played(scene)
