"""MLflow's volume is gone: versions and champion come back from S3, and serving never stops."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from pathlib import Path

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.status import Status
from dandelion_operator.seen.conclusions.lost import registry_is_lost
from dandelion_operator.seen.versions import RegistrySeen
from given import status, training, version
from small_world import World, played

Scene = Callable[[World], Awaitable[None]]
NOW_SECONDS = 1767225600  # given.NOW
SERVES = status(
    champion={"version": "3", "digest": "sha256:3"},
    training=training("run3"),
    history=[{"time": given.NOW, "decision": "Promoted", "version": "3"}],
)
MADE_LATER = NOW_SECONDS + 60


@pytest.mark.parametrize(
    ("previous", "seen", "lost"),
    [
        pytest.param(Status(), RegistrySeen(), False, id="nothing was ever there"),
        pytest.param(SERVES, RegistrySeen(), True, id="the model is gone"),
        pytest.param(
            SERVES,
            RegistrySeen(versions=(version(3),), created=MADE_LATER),
            False,
            id="what serves is there",
        ),
        pytest.param(
            SERVES,
            RegistrySeen(versions=(version(1, run="run9"),), created=MADE_LATER),
            True,
            id="a run registered its version in the new registry before anybody looked",
        ),
        pytest.param(
            SERVES,
            RegistrySeen(versions=(version(2),), created=NOW_SECONDS - 60),
            False,
            id="a person deleted the version that serves",
        ),
        pytest.param(
            SERVES,
            RegistrySeen(created=NOW_SECONDS - 60),
            False,
            id="a person deleted every version",
        ),
        pytest.param(
            status(training=training("run1")),
            RegistrySeen(),
            True,
            id="what waits for a person's word is lost too",
        ),
        pytest.param(
            status(training=training("run1", "Failed")),
            RegistrySeen(),
            False,
            id="a run that failed registered nothing",
        ),
        pytest.param(
            SERVES,
            RegistrySeen(versions=(version(3),), created=MADE_LATER, restoring=True),
            True,
            id="the mark of a restoration that was cut off",
        ),
    ],
)
def test_when_a_registry_is_lost(previous: Status, seen: RegistrySeen, lost: bool) -> None:
    assert registry_is_lost(previous, seen) is lost


async def three_versions(world: World) -> None:
    """The first is the champion again: a person rolled back from the second; the third is worse."""
    world.apply()
    await world.settle()
    world.accuracy = 0.95
    world.annotate("again")
    await world.settle()
    world.mlflow.aliases["champion"] = "1"
    await world.settle()
    world.accuracy = 0.82
    world.annotate("once more")
    await world.settle()
    assert world.serving_version() == "1"
    assert world.mlflow.verdict(3) == "rejected"


def sources(world: World) -> dict[str, str]:
    return {item["version"]: item["source"] for item in world.mlflow.versions.values()}


def test_versions_are_registered_again_and_what_serves_is_the_champion(world: World) -> None:
    async def scene() -> None:
        await three_versions(world)
        before, pods = sources(world), world.cluster.one("deployments", "lawn-inference")
        template = pods["spec"]["template"]
        world.mlflow.lose()
        await world.settle()
        assert sources(world) == before
        assert world.mlflow.aliases == {"champion": "1"}
        assert world.mlflow.model_tags == {}
        assert world.serving_version() == "1"
        after = world.cluster.one("deployments", "lawn-inference")["spec"]["template"]
        assert after == template, "no pod is restarted"
        assert world.condition("Ready") == ("True", "Serving")
        assert world.condition("Promoted") == ("False", "GateFailed")
        assert world.mlflow.verdict(1) == "promoted"
        assert world.decisions().count(("RegistryRestored", "1")) == 1
        assert len(world.cluster.kind("jobs")) == 3, "nothing is trained again"
        tags = world.mlflow.versions[1]["tags"]
        assert tags["dandelion.dev/contract-digest"].startswith("sha256:")

    played(scene)


def test_a_person_s_rollback_is_not_undone_by_it(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        world.accuracy = 0.95
        world.annotate("again")
        await world.settle()
        world.mlflow.aliases["champion"] = "1"
        await world.settle()
        world.mlflow.lose()
        await world.settle()
        assert world.mlflow.aliases == {"champion": "1"}
        assert world.serving_version() == "1"
        assert "challenger" not in world.status
        assert world.condition("Promoted") == ("True", "VersionPromoted")

    played(scene)


def test_what_waits_for_a_person_waits_again(world: World) -> None:
    async def scene() -> None:
        world.apply(promotion={"mode": "Manual"})
        await world.settle()
        world.mlflow.lose()
        await world.settle()
        assert world.mlflow.aliases == {"challenger": "1"}
        assert world.condition("Promoted") == ("Unknown", "AwaitingApproval")
        assert len(world.cluster.kind("jobs")) == 1

    played(scene)


def test_a_run_that_ends_meanwhile_is_compared_with_what_serves(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        world.accuracy = 0.85
        before = [job["metadata"]["name"] for job in world.cluster.kind("jobs")]
        world.annotate("again")
        while len(world.cluster.kind("jobs")) == len(before):
            await world.reconcile()
        world.mlflow.lose()
        world.tick()  # its version is the first of the new registry
        assert len(world.mlflow.versions) == 1
        await world.settle()
        served = world.cluster.one("deployments", "lawn-inference")["metadata"]["labels"]
        champion = world.mlflow.versions[int(world.mlflow.aliases["champion"])]
        assert served["dandelion.dev/version"] == champion["version"]
        assert f"/{champion['tags']['dandelion.dev/run']}/" in champion["source"]
        assert world.storage.contracts[champion["source"]].metrics == {"accuracy": 0.9}
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_while_s3_is_away_it_is_told_and_nothing_else_is_done(world: World) -> None:
    async def scene() -> None:
        await three_versions(world)
        world.storage.listing = Failure(Reason.STORAGE_UNREACHABLE, "http://s3 answers SlowDown")
        world.mlflow.lose()
        await world.settle()
        assert world.condition("Promoted") == ("Unknown", "RegistryLost")
        told = world.message("Promoted")
        assert "http://s3 answers SlowDown; version 1 goes on serving" in told
        assert world.condition("Ready") == ("True", "Serving")
        assert world.mlflow.created is None
        world.storage.listing = None
        await world.settle()
        assert world.mlflow.aliases == {"champion": "1"}

    played(scene)


def test_without_what_serves_in_s3_no_champion_is_invented(world: World) -> None:
    async def scene() -> None:
        await three_versions(world)
        del world.storage.contracts[world.mlflow.versions[1]["source"]]
        world.mlflow.lose()
        await world.settle()
        assert world.mlflow.aliases == {}
        assert len(world.mlflow.versions) == 2
        assert world.condition("Ready") == ("True", "Serving")
        assert world.serving_version() == "1"

    played(scene)


def test_an_alias_that_a_person_sets_first_stays(world: World) -> None:
    async def scene() -> None:
        await three_versions(world)
        world.storage.listing = Failure(Reason.STORAGE_UNREACHABLE, "away")
        second = world.mlflow.versions[2]
        world.mlflow.lose()
        tags = {k.removeprefix("dandelion.dev/"): v for k, v in second["tags"].items()}
        number = world.mlflow.add_version(**tags)
        world.mlflow.aliases["champion"] = str(number)
        world.storage.listing = None
        await world.settle()
        champion = world.mlflow.versions[int(world.mlflow.aliases["champion"])]
        assert champion["source"] == second["source"]

    played(scene)


def test_killed_at_any_write_the_registry_is_restored_all_the_same(tmp_path: Path) -> None:
    async def scene() -> None:
        world = World(tmp_path)
        await three_versions(world)
        world.mlflow.lose()
        start = world.stored()
        world.again(None, True)
        await world.settle()
        expected, writes = world.outcome(), world.killer.writes
        assert writes > 8
        for after_effect in (True, False):
            for number in range(1, writes + 1):
                world.put_back(start)
                world.again(number, after_effect)
                await world.settle()
                assert world.outcome() == expected, f"killed at write {number} of {writes}"

    asyncio.run(scene())
