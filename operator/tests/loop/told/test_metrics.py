"""What Prometheus is told of a small world: as it stands, by whichever operator looks at it."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime

import pytest
from dandelion_operator.ports import metrics
from fakes.cluster import KEY
from prometheus_client import REGISTRY
from small_world import World, played

ONE, TWO, THREE = (f"2026-01-01T0{hour}:00:00Z" for hour in (1, 2, 3))
LAWN = {"namespace": KEY.namespace, "name": KEY.name}


@pytest.fixture(autouse=True)
def unknown() -> Iterator[None]:
    """Nothing is left of other worlds, or for them."""
    metrics.forget(KEY)
    yield
    metrics.forget(KEY)


def value(family: str, /, **labels: str) -> float | None:
    return REGISTRY.get_sample_value(f"dandelion_{family}", labels)


def of_the_loop() -> dict[tuple[str, ...], float]:
    """All series of the resource that follow from its state."""
    return {
        (sample.name, *(f"{name}={held}" for name, held in sorted(sample.labels.items()))): (
            sample.value
        )
        for family in metrics.LOOP.collect()
        for sample in family.samples
        if LAWN.items() <= sample.labels.items()
    }


def at(world: World, moment: str) -> None:
    world.time = datetime.fromisoformat(moment)


async def held_back(world: World) -> None:
    """Of two moments one is served, by a version that is refused, and the budget is used up."""
    world.apply(triggers={"schedule": "0 * * * *", "maxRunsPerWeek": 1})
    await world.settle()
    world.accuracy = 0.2
    at(world, ONE)
    await world.settle()
    at(world, THREE)
    await world.settle()


def test_a_loop_that_is_held_back_is_told_with_all_that_it_rests_on(world: World) -> None:
    async def scene() -> None:
        await held_back(world)
        due = datetime.fromisoformat(TWO).timestamp()
        waits = LAWN | {"trigger": "Schedule", "reason": "WeeklyBudget"}
        assert value("trigger_waiting_since_timestamp_seconds", **waits) == due
        assert value("triggered_runs", **LAWN) == value("triggered_runs_limit", **LAWN) == 1
        refused = LAWN | {"verdict": "Rejected", "trigger": "Schedule"}
        assert value("challengers", **refused) == 1
        started = datetime.fromisoformat(ONE).timestamp()
        assert value("last_version_timestamp_seconds", **LAWN) == pytest.approx(started, abs=600)
        next_one = datetime.fromisoformat("2026-01-01T04:00:00Z").timestamp()
        assert value("next_schedule_timestamp_seconds", **LAWN) == next_one

    played(scene)


def test_an_operator_that_has_just_started_tells_the_same(world: World) -> None:
    async def scene() -> None:
        await held_back(world)
        before = of_the_loop()
        metrics.forget_all()
        assert of_the_loop() == {}
        world.restart()
        await world.reconcile()
        assert of_the_loop() == before

    played(scene)


def test_of_a_resource_that_is_gone_nothing_is_told(world: World) -> None:
    async def scene() -> None:
        await held_back(world)
        world.delete()
        await world.reconcile()
        assert of_the_loop() == {}

    played(scene)


def test_each_run_is_counted_once_by_what_started_it(world: World) -> None:
    async def scene() -> None:
        before = {
            name: value("runs_started_total", trigger=name) for name in ("Created", "Schedule")
        }
        await held_back(world)
        assert value("runs_started_total", trigger="Created") == (before["Created"] or 0) + 1
        assert value("runs_started_total", trigger="Schedule") == (before["Schedule"] or 0) + 1

    played(scene)


def test_a_run_whose_version_is_promoted_at_once_is_counted_with_its_time(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        assert world.status["champion"]["version"] == "1"
        assert value("training_duration_seconds_count", **LAWN, outcome="succeeded") == 1

    played(scene)


def test_a_spec_that_contradicts_itself_is_told(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        world.apply(triggers={"timeZone": "Europe/Paris"})
        await world.settle()
        assert world.condition("Accepted") == ("False", "InvalidSpec")
        refused = LAWN | {"type": "Accepted", "status": "False"}
        assert value("modeldeployment_condition", **refused) == 1

    played(scene)
