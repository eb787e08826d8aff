"""Schedules in a whole small world: each moment is served once, whatever happened meanwhile."""

from __future__ import annotations

from datetime import datetime, timedelta

from dandelion_operator.api.reasons import Failure, Reason
from fakes.cluster import KEY
from given.worlds import runs
from small_world import World, played

HOURLY = {"schedule": "0 * * * *"}
START = "2026-01-01T00:00:00Z"
ONE, TWO = "2026-01-01T01:00:00Z", "2026-01-01T02:00:00Z"


def at(world: World, moment: str) -> None:
    world.time = datetime.fromisoformat(moment)


async def trained(world: World, **triggers: object) -> None:
    """One run is over, and the schedule known since the first minute of the year."""
    world.apply(triggers=HOURLY | triggers)
    await world.settle()
    assert runs(world) == ["Created"]


def test_a_moment_that_comes_is_served_once_and_told(world: World) -> None:
    async def scene() -> None:
        await trained(world)
        assert world.status["triggers"] == {
            "schedule": {"expression": "0 * * * *", "since": START},
            "nextScheduleTime": ONE,
            "startedAt": [],
        }
        at(world, ONE)
        await world.settle()
        assert runs(world) == ["Created", "Schedule"]
        assert sorted(world.mlflow.versions) == [1, 2]
        run = world.status["training"]
        assert (run["trigger"], run["decidedAt"]) == ("Schedule", ONE)
        assert run["triggerMessage"] == f'due {ONE} by "0 * * * *" UTC'
        started = next(item for item in world.status["history"] if item["trigger"] == "Schedule")
        assert started["trigger"] == "Schedule"
        assert world.status["triggers"]["nextScheduleTime"] == TWO
        assert world.status["triggers"]["startedAt"] == [ONE]
        told = [item["reason"] for item in world.status["history"] if item["reason"]]
        assert f'run {run["run"]}: due {ONE} by "0 * * * *" UTC' in told

    played(scene)


def test_at_rest_a_schedule_costs_no_write(world: World) -> None:
    async def scene() -> None:
        await trained(world)
        world.again(None, False)
        while world.now_text() < "2026-01-01T00:59:00Z":
            await world.reconcile()
            world.time += timedelta(minutes=1)
        assert world.killer.writes == 0

    played(scene)


def test_the_queue_is_told_when_it_is_due(world: World) -> None:
    async def scene() -> None:
        await trained(world)
        at(world, "2026-01-01T00:59:12Z")
        asked = await world.reconciler(KEY)
        assert asked is not None
        assert (asked.after, asked.latest) == (48.0, 48.0)

    played(scene)


def test_moments_that_pass_while_the_operator_is_away_are_made_up_for_by_one_run(
    world: World,
) -> None:
    async def scene() -> None:
        await trained(world)
        at(world, "2026-01-01T07:30:00Z")
        world.restart()
        await world.settle()
        assert runs(world) == ["Created", "Schedule"]
        assert f"due {ONE}" in world.status["training"]["triggerMessage"]

    played(scene)


def test_moments_that_pass_during_a_run_are_made_up_for_by_one_run(world: World) -> None:
    async def scene() -> None:
        world.apply(triggers=HOURLY)
        await world.until_training()
        at(world, "2026-01-01T03:30:00Z")
        await world.reconcile()
        assert runs(world) == ["Created"]
        world.standing = set()
        await world.settle()
        assert runs(world) == ["Created", "Schedule"]

    played(scene)


def test_a_failed_run_waits_for_the_next_moment(world: World) -> None:
    async def scene() -> None:
        await trained(world)
        world.train_fails = ("OutOfMemory", "killed")
        at(world, ONE)
        await world.settle()
        world.train_fails = None
        await world.settle()
        assert runs(world) == ["Created", "Schedule"]
        assert world.condition("Trained") == ("False", "TrainingFailed")
        at(world, TWO)
        await world.settle()
        assert runs(world) == ["Created", "Schedule", "Schedule"]
        assert world.condition("Trained") == ("True", "TrainingComplete")

    played(scene)


def test_a_moment_that_passes_while_suspended_is_made_up_for_afterwards(world: World) -> None:
    async def scene() -> None:
        await trained(world)
        world.apply(triggers=HOURLY, suspend=True)
        at(world, TWO)
        await world.settle()
        assert runs(world) == ["Created"]
        waiting = world.status["triggers"]["waiting"]
        assert (waiting["trigger"], waiting["since"]) == ("Schedule", ONE)
        assert waiting["message"].endswith("; spec.suspend is true")
        world.apply(triggers=HOURLY)
        await world.settle()
        assert runs(world) == ["Created", "Schedule"]
        assert "waiting" not in world.status["triggers"]

    played(scene)


def test_a_moment_waits_for_storage_and_what_is_trained_stays_so(world: World) -> None:
    async def scene() -> None:
        await trained(world)
        world.storage.obstacle = Failure(Reason.STORAGE_UNREACHABLE, "s3 does not answer")
        at(world, ONE)
        await world.settle()
        assert runs(world) == ["Created"]
        assert world.condition("Accepted") == ("False", "StorageUnreachable")
        assert world.condition("Trained") == ("True", "TrainingComplete")
        assert "held back: s3 does not answer" in world.message("Trained")
        world.storage.obstacle = None
        await world.settle()
        assert runs(world) == ["Created", "Schedule"]

    played(scene)


def test_a_schedule_that_is_new_or_changed_is_not_due_for_what_was_before(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        assert "triggers" not in world.status
        at(world, "2026-01-01T05:30:00Z")
        world.apply(triggers=HOURLY)
        await world.settle()
        assert runs(world) == ["Created"]
        world.apply(triggers={"schedule": "15 * * * *"})
        await world.settle()
        assert runs(world) == ["Created"]
        at(world, "2026-01-01T06:15:00Z")
        await world.settle()
        assert runs(world) == ["Created", "Schedule"]

    played(scene)


def test_an_edit_that_is_taken_back_repeats_no_moment_and_loses_none(world: World) -> None:
    async def scene() -> None:
        await trained(world)
        at(world, ONE)
        await world.settle()
        world.apply(triggers=HOURLY, training={"epochs": 99})
        while len(world.cluster.kind("jobs")) < 3:
            await world.reconcile()
        world.apply(triggers=HOURLY)
        await world.settle()
        assert runs(world) == ["Created", "Schedule", "SpecChanged"]
        at(world, "2026-01-01T02:10:00Z")
        world.apply(triggers=HOURLY, suspend=True)
        await world.settle()
        world.apply(triggers=HOURLY, training={"epochs": 98})
        while len(world.cluster.kind("jobs")) < 3:
            await world.reconcile()
        at(world, "2026-01-01T02:30:00Z")
        world.apply(triggers=HOURLY)
        await world.settle()
        assert runs(world) == ["Created", "Schedule", "SpecChanged", "SpecChanged", "Schedule"]
        assert f"due {TWO}" in world.status["training"]["triggerMessage"]

    played(scene)


def test_a_budget_is_kept_and_what_it_held_back_runs_afterwards(world: World) -> None:
    async def scene() -> None:
        await trained(world, maxRunsPerWeek=2, cooldownSeconds=600)
        for hour in range(1, 5):
            at(world, f"2026-01-01T0{hour}:00:00Z")
            await world.settle()
        assert runs(world) == ["Created", "Schedule", "Schedule"]
        assert world.status["triggers"]["startedAt"] == [TWO, ONE]
        waiting = world.status["triggers"]["waiting"]
        assert waiting["since"] == "2026-01-01T03:00:00Z"
        assert waiting["until"] == "2026-01-08T01:00:00Z"
        world.annotate("a person may")
        await world.settle()
        assert runs(world) == ["Created", "Schedule", "Schedule", "RetrainRequested"]
        at(world, "2026-01-08T00:59:30Z")
        await world.reconcile()
        assert runs(world)[-1] == "RetrainRequested"
        at(world, "2026-01-08T01:00:00Z")
        await world.settle()
        assert runs(world)[-1] == "Schedule"

    played(scene)


def test_a_job_whose_creation_is_told_by_a_slow_clock_has_served_its_moment(world: World) -> None:
    async def scene() -> None:
        await trained(world)
        at(world, ONE)
        slow = world.time - timedelta(seconds=30)
        world.cluster.clock = lambda: slow.strftime("%Y-%m-%dT%H:%M:%SZ")
        await world.settle()
        assert runs(world) == ["Created", "Schedule"]

    played(scene)
