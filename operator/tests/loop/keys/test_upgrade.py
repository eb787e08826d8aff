"""From the shared key to keys for a while, and back."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import former
import pytest
from dandelion_operator.api import naming
from dandelion_operator.api.access.sts import Mode
from dandelion_operator.loop.apply import builders
from fakes.cluster import KEY
from given.keys import NAMES, SHARED, access_keys, are_temporary, held
from small_world import World, played


async def served_by_a_former_release(
    world: World,
    monkeypatch: pytest.MonkeyPatch,
    release: Callable[[dict[str, Any]], dict[str, Any]] = former.with_one_port,
) -> None:
    """Until it serves, with pods that take two files and no more; then comes the upgrade."""
    made = builders.deployment
    with monkeypatch.context() as patched:
        patched.setattr(builders, "deployment", lambda *of: release(made(*of)))
        world.apply()
        await world.settle()


def generation(world: World) -> int:
    found: int = world.cluster.one("deployments", "lawn-inference")["metadata"]["generation"]
    return found


def test_an_upgrade_restarts_no_pod_and_lets_the_shared_key_go_where_no_pod_needs_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        await served_by_a_former_release(world, monkeypatch)
        before = generation(world)
        world.with_sts()
        await world.settle()
        assert generation(world) == before
        assert access_keys(world)[naming.INFERENCE] == "inference"
        assert access_keys(world)[naming.LOG] == "logs"
        assert "AWS_SESSION_TOKEN" in held(world, naming.TRAINING)
        assert "until their next rollout" in world.message("Accepted")

    played(scene)


def test_an_upgrade_restarts_no_pod_that_never_had_a_log(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """For what it would write its log with there is no shared key to hold on to."""

    async def scene() -> None:
        await served_by_a_former_release(world, monkeypatch, former.without_a_log)
        world.cluster.objects.pop(("secrets", KEY.namespace, NAMES[naming.LOG]))
        before = generation(world)
        world.with_sts()
        await world.settle()
        assert generation(world) == before
        assert access_keys(world)[naming.INFERENCE] == "inference"
        assert "AWS_SESSION_TOKEN" in held(world, naming.LOG)

    played(scene)


def test_an_upgrade_ends_with_the_next_rollout(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        await served_by_a_former_release(world, monkeypatch)
        world.with_sts()
        await world.settle()
        world.apply(serving={"queueLimit": 7})
        await world.settle()
        assert are_temporary(world)
        assert "until their next rollout" not in world.message("Accepted")
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_an_upgrade_rolls_out_once_where_sts_is_insisted_on(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        await served_by_a_former_release(world, monkeypatch)
        before = generation(world)
        world.with_sts(Mode.ON)
        await world.settle()
        assert generation(world) == before + 1
        assert are_temporary(world)
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_an_upgrade_waits_for_a_run_that_holds_the_shared_key(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.until_training()
        (job,) = world.cluster.kind("jobs")
        job["metadata"]["annotations"].pop(naming.SESSION_TOKEN_ANNOTATION)
        world.with_sts()
        await world.settle()
        assert access_keys(world)[naming.TRAINING] == "training"
        world.standing.clear()
        await world.settle()
        assert are_temporary(world)
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_an_upgrade_brings_no_shared_key_back_for_a_pod_that_looks_like_a_former_one(
    world: World,
) -> None:
    async def scene() -> None:
        world.with_sts()
        world.apply()
        await world.settle()
        for pod in world.inference_pods():
            pod["metadata"]["annotations"].pop(naming.SESSION_TOKEN_ANNOTATION)
        world.cluster.objects.pop(("secrets", KEY.namespace, NAMES[naming.INFERENCE]))
        await world.settle()
        assert are_temporary(world)

    played(scene)


def test_an_upgrade_and_back_copies_the_shared_key_and_restarts_nothing(world: World) -> None:
    async def scene() -> None:
        world.with_sts()
        world.apply()
        await world.settle()
        before = generation(world)
        world.with_sts(Mode.OFF)
        await world.settle()
        assert access_keys(world) == SHARED
        for name in NAMES.values():
            secret = world.cluster.one("secrets", name)
            assert secret["data"].keys() == {"AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"}
            assert naming.KEY_ASKED_ANNOTATION not in secret["metadata"]["annotations"]
        assert generation(world) == before

    played(scene)
