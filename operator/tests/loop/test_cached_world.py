"""The whole loop on caches whose watches lag behind: nothing comes out otherwise than without."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dandelion_operator.loop.reconcile import Reconciler
from dandelion_operator.ports.kube.caches import WATCHED, Caches
from dandelion_operator.ports.kube.cluster import Cluster
from fakes.cluster import KEY, copied
from small_world import World, played


class CachedWorld(World):
    """Watches tell of everything, but each time only after the reconcile that follows."""

    def __init__(self, folder: Path, lag: int) -> None:
        self.lag = lag
        self.late: list[dict[str, dict[str, Any]]] = []
        self.requests: list[str] = []
        super().__init__(folder)

    def restart(self) -> None:
        super().restart()
        clients = self.reconciler._clients
        self.caches = Caches()
        cached = Cluster(self, clients.cluster._fence, self.caches)
        object.__setattr__(clients, "cluster", cached)
        self.reconciler = Reconciler(clients, self.settings.resync_seconds, lambda: self.time)
        self.told: dict[str, dict[str, Any]] = {}
        self.late.clear()
        self._watch(self._everything())
        for kind in WATCHED:
            self.caches.of(kind).synced = True

    async def request(self, method: str, path: str, *about: Any, **more: Any) -> tuple[int, Any]:
        watched = {kind.plural for kind in WATCHED}
        if method == "GET" and watched & set(path.split("/")):
            self.requests.append(path)
        status, answer = await self.cluster.request(method, path, *about, **more)
        return status, answer

    def tick(self) -> None:
        before = self._everything()
        super().tick()
        for where, item in self.cluster.objects.items():
            if item != before.get("/".join(where)):
                item["metadata"].setdefault("uid", f"uid-of-{self.cluster.version}")
                item["metadata"].setdefault("namespace", KEY.namespace)
                self.cluster._changed(item)
        self.late.append(self._everything())
        while len(self.late) > self.lag:
            self._watch(self.late.pop(0))

    async def settle(self, turns: int = 40) -> None:
        """What a person did is told by the event that wakes the operator; all else comes late."""
        for _ in range(2):
            self.late.clear()
            self._watch(self._everything())
            await super().settle(turns)

    def _everything(self) -> dict[str, dict[str, Any]]:
        return {"/".join(where): copied(item) for where, item in self.cluster.objects.items()}

    def _watch(self, now: dict[str, dict[str, Any]]) -> None:
        for kind in WATCHED:
            mine = f"{kind.plural}/"
            for where in self.told.keys() - now.keys():
                if where.startswith(mine):
                    self.caches.gone(kind, self.told[where])
            for where, item in now.items():
                if where.startswith(mine) and item != self.told.get(where):
                    self.caches.seen(kind, item)
        self.told = now


LAGS = pytest.mark.parametrize("lag", [0, 1, 2, 5])


async def trained_and_retrained(world: World) -> dict[str, Any]:
    world.apply()
    await world.settle()
    world.annotate("again")
    world.accuracy = 0.95
    await world.settle()
    world.apply(suspend=True)
    await world.settle()
    return world.outcome()


@LAGS
def test_a_cycle_ends_as_it_does_without_caches(tmp_path: Path, lag: int) -> None:
    async def scene() -> None:
        cached = await trained_and_retrained(CachedWorld(tmp_path / "cached", lag))
        assert cached == await trained_and_retrained(World(tmp_path / "plain"))

    played(scene)


@LAGS
def test_no_reconcile_acts_twice_on_what_it_has_done_itself(tmp_path: Path, lag: int) -> None:
    async def scene() -> None:
        world = CachedWorld(tmp_path, lag)
        await trained_and_retrained(world)
        assert len(world.cluster.kind("jobs")) == 2
        assert world.mlflow.aliases == {"champion": "2"}

    played(scene)


def test_a_settled_resource_costs_no_request_of_what_is_watched(tmp_path: Path) -> None:
    async def scene() -> None:
        world = CachedWorld(tmp_path, 0)
        world.apply()
        await world.settle()
        world.requests.clear()
        await world.reconcile()
        assert world.requests == []
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def test_after_a_restart_a_settled_resource_is_not_written(tmp_path: Path) -> None:
    async def scene() -> None:
        world = CachedWorld(tmp_path, 0)
        world.apply()
        await world.settle()
        world.restart()
        before = world.killer.writes
        await world.reconcile()
        assert world.killer.writes == before
        assert world.caches.get(WATCHED[0], *_key()) is not None

    played(scene)


def _key() -> tuple[str, str]:
    return KEY.namespace, KEY.name
