"""A silent MLflow holds a worker for long only where something is to be written."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.ports.registry import LOOK_SECONDS, Registry
from small_world import World, played


def test_only_what_may_be_acted_upon_is_waited_for_in_full(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    looks: list[float | None] = []
    snapshot = Registry.snapshot

    async def noted(*about: Any) -> Any:
        *_, seconds = about
        looks.append(seconds)
        return await snapshot(*about)

    monkeypatch.setattr(Registry, "snapshot", noted)

    async def scene() -> None:
        world.apply()
        await world.until_training()
        looks.clear()
        await world.reconcile()
        assert set(looks) == {LOOK_SECONDS}, "while a run goes on"
        world.standing.clear()
        world.tick()
        await world.settle()
        assert None in looks, "its version is judged and promoted"
        looks.clear()
        await world.reconcile()
        assert set(looks) == {LOOK_SECONDS}, "at rest"

    played(scene)


def test_the_seconds_bound_a_look_at_an_mlflow_that_does_not_answer(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def silent(_: httpx.Request) -> httpx.Response:
        await asyncio.Event().wait()
        raise AssertionError("nobody sets it")

    monkeypatch.setattr(world.mlflow, "handle", silent)
    world.restart()

    async def scene() -> None:
        registry = world.reconciler._clients.registry
        found = await registry.snapshot("default.lawn", True, 0.01)
        assert isinstance(found, Failure)
        assert found.reason is Reason.REGISTRY_UNREACHABLE

    played(scene)
