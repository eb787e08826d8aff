"""What the watches lost is found, and the caches are relied on once they are complete."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

import pytest
from dandelion_operator.api.naming import OWNER_LABEL
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.ports.fence import Fence
from dandelion_operator.ports.kube import audit as module
from dandelion_operator.ports.kube.audit import WAIT_FOR_CACHES_SECONDS, Audit
from dandelion_operator.ports.kube.caches import Caches
from dandelion_operator.ports.kube.cluster import Cluster
from dandelion_operator.ports.kube.objects import JOB, MODEL_DEPLOYMENT, Kind
from fakes.cluster import FakeCluster
from fakes.killer import Killer

LAWN = NamespacedName("default", "lawn")


class Paged:
    """The fake API server, which lists one object a page and knows selectors by name alone."""

    def __init__(self, server: FakeCluster) -> None:
        self.server = server
        self.away = False

    async def request(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        body: dict[str, Any] | None = None,
    ) -> tuple[int, Any]:
        if self.away:
            return 503, None
        if "limit" not in (query or {}):
            return await self.server.request(method, path, query, headers, body)
        at = int((query or {}).get("continue", "0"))
        items = self.server.kind(path.rpartition("/")[2])
        more = {"continue": str(at + 1)} if at + 1 < len(items) else {}
        return 200, {"metadata": more, "items": items[at : at + 1] or None}


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Stage:
    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        monkeypatch.setattr(module, "LOOK_SECONDS", 0.0)
        monkeypatch.setattr(module, "PATIENCE_SECONDS", 0.0)
        fence = Fence()
        fence.open_until(float("inf"))
        self.server = FakeCluster(Killer(), lambda: "2026-01-01T00:00:00Z")
        self.api = Paged(self.server)
        self.caches = Caches()
        self.cluster = Cluster(self.api, fence, self.caches)
        self.woken: list[NamespacedName] = []
        self.clock = Clock()
        self.audit = Audit(self.cluster, self.caches, self.woken.append, self.clock)

    def there_is(self, kind: Kind, name: str, told: bool = True) -> dict[str, Any]:
        labels = {} if kind == MODEL_DEPLOYMENT else {OWNER_LABEL: "lawn"}
        body = {"metadata": {"name": name, "labels": labels}, "spec": {}}
        made = copy.deepcopy(self.server.put(kind.plural, body))
        if told:
            self.caches.seen(kind, made)
        return made

    def round(self) -> bool:
        self.clock.now += 1
        return asyncio.run(self.audit.round())

    def get(self, kind: Kind, name: str) -> dict[str, Any] | None:
        return asyncio.run(self.cluster.get(kind, "default", name))


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Stage:
    return Stage(monkeypatch)


def test_the_caches_are_complete_once_all_that_is_listed_was_told(stage: Stage) -> None:
    stage.there_is(MODEL_DEPLOYMENT, "lawn")
    stage.there_is(MODEL_DEPLOYMENT, "park")
    assert stage.audit.worth_waiting_for
    assert stage.round()
    assert stage.caches.synced
    assert not stage.audit.worth_waiting_for
    assert stage.woken == []


def test_what_no_watch_told_of_is_enqueued_and_read_anew(stage: Stage) -> None:
    stage.there_is(JOB, "one")
    stage.there_is(JOB, "lost", told=False)
    assert stage.round()
    assert stage.woken == [LAWN]
    assert stage.get(JOB, "lost") is not None


def test_a_change_that_no_watch_told_of_is_found(stage: Stage) -> None:
    made = stage.there_is(MODEL_DEPLOYMENT, "lawn")
    stage.round()
    stage.server._changed(stage.server.one(MODEL_DEPLOYMENT.plural, "lawn"))
    stage.round()
    assert stage.woken == [LAWN]
    found = stage.get(MODEL_DEPLOYMENT, "lawn") or {}
    assert found["metadata"]["resourceVersion"] > made["metadata"]["resourceVersion"]


def test_what_went_while_no_watch_was_connected_is_let_go(stage: Stage) -> None:
    stage.there_is(JOB, "ghost")
    stage.round()
    stage.server.objects.clear()
    stage.round()
    assert stage.woken == [LAWN]
    assert stage.get(JOB, "ghost") is None
    stage.woken.clear()
    stage.round()
    assert stage.woken == []


def test_without_an_answer_the_caches_are_not_relied_on_and_not_waited_for(stage: Stage) -> None:
    stage.api.away = True
    assert not stage.round()
    assert not stage.caches.synced
    assert stage.audit.worth_waiting_for
    stage.clock.now += WAIT_FOR_CACHES_SECONDS
    assert not stage.audit.worth_waiting_for
