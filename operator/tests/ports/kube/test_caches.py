"""The caches: what they answer without a request, and when they leave it to the API server."""

from __future__ import annotations

import asyncio
import copy
from typing import Any

import pytest
from dandelion_operator.api.naming import OWNER_LABEL, as_selector
from dandelion_operator.ports.fence import Fence
from dandelion_operator.ports.kube.caches import WATCHED, Caches
from dandelion_operator.ports.kube.cluster import Cluster, ClusterError, ConflictError
from dandelion_operator.ports.kube.objects import (
    DEPLOYMENT,
    JOB,
    MODEL_DEPLOYMENT,
    POD,
    SECRET,
    Kind,
)
from fakes.cluster import FakeCluster
from fakes.killer import Killer

OWNED = as_selector({OWNER_LABEL: "lawn"})


class Counted:
    """The fake API server, and how often it was asked for what."""

    def __init__(self) -> None:
        self.server = FakeCluster(Killer(), lambda: "2026-01-01T00:00:00Z")
        self.reads: list[str] = []
        self.fails: BaseException | None = None

    async def request(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        body: dict[str, Any] | None = None,
    ) -> tuple[int, Any]:
        if method == "GET":
            self.reads.append(path)
        answer = await self.server.request(method, path, query, headers, body)
        if self.fails is not None and method != "GET":
            raise self.fails
        return answer


def job(name: str = "run", owner: str = "lawn", **spec: Any) -> dict[str, Any]:
    return {
        "kind": "Job",
        "metadata": {"name": name, "namespace": "default", "labels": {OWNER_LABEL: owner}},
        "spec": spec,
    }


class Stage:
    def __init__(self, synced: bool = True, namespaces: tuple[str, ...] = ()) -> None:
        fence = Fence()
        fence.open_until(float("inf"))
        self.api = Counted()
        self.caches = Caches(namespaces)
        self.cluster = Cluster(self.api, fence, self.caches)
        for kind in WATCHED:
            self.caches.of(kind).synced = synced

    def somebody_makes(self, kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
        """Without a watch telling of it."""
        return copy.deepcopy(self.api.server.put(kind.plural, body))

    def told(self, kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
        made = self.somebody_makes(kind, body)
        self.caches.seen(kind, made)
        return made

    def get(self, kind: Kind = JOB, name: str = "run") -> dict[str, Any] | None:
        return asyncio.run(self.cluster.get(kind, "default", name))

    def names(self, kind: Kind = JOB, selector: str = OWNED) -> list[str]:
        found = asyncio.run(self.cluster.list(kind, "default", selector))
        return [raw["metadata"]["name"] for raw in found]


def test_what_a_watch_told_of_costs_no_request() -> None:
    stage = Stage()
    stage.told(JOB, job())
    stage.told(JOB, job("other", owner="park"))
    assert (stage.get() or {})["metadata"]["name"] == "run"
    assert stage.names() == ["run"]
    assert stage.names(selector="") == ["other", "run"]
    assert stage.api.reads == []


def test_that_there_is_nothing_costs_no_request_either() -> None:
    stage = Stage()
    assert stage.get(DEPLOYMENT) is None
    assert stage.names() == []
    assert stage.api.reads == []


def test_before_the_caches_are_complete_the_api_server_is_asked() -> None:
    stage = Stage(synced=False)
    stage.somebody_makes(JOB, job())
    assert stage.get() is not None
    assert stage.names() == ["run"]
    assert len(stage.api.reads) == 2


@pytest.mark.parametrize(
    ("kind", "namespaces"), [(SECRET, ()), (JOB, ("team-a",))], ids=["a Secret", "elsewhere"]
)
def test_what_is_not_watched_is_always_read(kind: Kind, namespaces: tuple[str, ...]) -> None:
    stage = Stage(namespaces=namespaces)
    stage.somebody_makes(kind, job())
    assert stage.get(kind) is not None
    assert stage.get(kind) is not None
    assert len(stage.api.reads) == 2


def test_an_older_event_does_not_undo_what_was_written() -> None:
    stage = Stage()
    old = stage.told(JOB, job(suspend=False))
    asyncio.run(stage.cluster.patch(JOB, "default", "run", {"spec": {"suspend": True}}))
    stage.caches.seen(JOB, old)
    assert (stage.get() or {})["spec"] == {"suspend": True}
    assert stage.api.reads == []


def test_what_was_written_is_read_at_once_though_no_watch_has_told_of_it() -> None:
    stage = Stage()
    asyncio.run(stage.cluster.create(JOB, job()))
    assert stage.names() == ["run"]
    assert stage.api.reads == []


@pytest.mark.parametrize("error", [TimeoutError(), ConnectionError(), asyncio.CancelledError()])
def test_a_write_of_unknown_outcome_is_looked_for_at_the_api_server(error: BaseException) -> None:
    stage = Stage()
    stage.api.fails = error
    with pytest.raises((ClusterError, asyncio.CancelledError)):
        asyncio.run(stage.cluster.create(JOB, job()))
    assert stage.names() == ["run"]
    assert stage.get() is not None
    assert len(stage.api.reads) == 1


def test_after_a_conflict_the_object_is_read_anew() -> None:
    stage = Stage()
    body = stage.told(MODEL_DEPLOYMENT, {"metadata": {"name": "lawn"}, "spec": {}})
    stage.api.server._changed(stage.api.server.one(MODEL_DEPLOYMENT.plural, "lawn"))
    with pytest.raises(ConflictError):
        asyncio.run(stage.cluster.replace_status(MODEL_DEPLOYMENT, body | {"status": {}}))
    found = stage.get(MODEL_DEPLOYMENT, "lawn") or {}
    assert found["metadata"]["resourceVersion"] > body["metadata"]["resourceVersion"]
    asyncio.run(stage.cluster.replace_status(MODEL_DEPLOYMENT, found | {"status": {"a": 1}}))
    assert (stage.get(MODEL_DEPLOYMENT, "lawn") or {})["status"] == {"a": 1}


def test_what_was_deleted_is_gone_at_once() -> None:
    stage = Stage()
    stage.told(JOB, job())
    asyncio.run(stage.cluster.delete(JOB, "default", "run"))
    assert stage.get() is None
    assert stage.names() == []


def test_an_event_from_before_its_end_brings_nothing_back() -> None:
    stage = Stage()
    made = stage.told(JOB, job())
    stage.caches.gone(JOB, made)
    stage.caches.seen(JOB, made)
    assert stage.get() is None


def test_the_end_of_the_former_object_of_a_name_is_not_the_end_of_the_next() -> None:
    stage = Stage()
    former = stage.told(JOB, job())
    stage.api.server.objects.clear()
    later = stage.somebody_makes(JOB, job())
    later["metadata"]["resourceVersion"] = "7"
    stage.caches.seen(JOB, later)
    stage.caches.gone(JOB, former)
    assert (stage.get() or {})["metadata"]["uid"] == later["metadata"]["uid"]


def test_a_foreign_object_of_a_childs_name_is_not_taken_over() -> None:
    stage = Stage()
    foreign = {"metadata": {"name": "run"}, "spec": {"mine": True}}
    stage.somebody_makes(DEPLOYMENT, foreign)
    with pytest.raises(ConflictError, match="not of this operator"):
        asyncio.run(stage.cluster.apply(DEPLOYMENT, job()))
    assert stage.api.server.one("deployments", "run")["spec"] == {"mine": True}
    for _ in range(2):
        found = stage.get(DEPLOYMENT)
        assert found is not None
        assert found["spec"] == {"mine": True}
    del stage.api.server.objects["deployments", "default", "run"]
    assert stage.get(DEPLOYMENT) is None
    before = len(stage.api.reads)
    assert stage.get(DEPLOYMENT) is None
    assert len(stage.api.reads) == before


def test_who_reads_an_object_cannot_change_what_others_read() -> None:
    stage = Stage()
    stage.told(JOB, job(suspend=False))
    found = stage.get() or {}
    found["spec"]["suspend"] = True
    assert (stage.get() or {})["spec"] == {"suspend": False}


def test_only_what_is_looked_at_is_kept() -> None:
    stage = Stage()
    pod = stage.somebody_makes(
        POD, job("pod", containers=[{"env": ["x" * 1000]}], nodeName="node-1")
    )
    pod["metadata"] |= {
        "managedFields": ["x" * 1000],
        "annotations": {"kubectl.kubernetes.io/last-applied-configuration": "x", "kept": "y"},
    }
    stage.caches.seen(POD, pod)
    stage.told(JOB, job(template={"spec": "x" * 1000}, suspend=True))
    found = stage.get(POD, "pod") or {}
    assert found["spec"] == {"nodeName": "node-1"}
    assert found["metadata"]["annotations"] == {"kept": "y"}
    assert "managedFields" not in found["metadata"]
    assert (stage.get() or {})["spec"] == {"suspend": True}


def test_who_suspended_a_job_is_kept() -> None:
    stage = Stage()
    made = stage.told(JOB, job(template={"spec": {}}, suspend=True))
    made["metadata"]["managedFields"] = [{"manager": "somebody"}]
    made["metadata"]["resourceVersion"] += "0"
    stage.caches.seen(JOB, made)
    assert (stage.get() or {})["metadata"]["managedFields"] == [{"manager": "somebody"}]


def test_of_what_is_applied_who_wrote_which_field_is_kept() -> None:
    stage = Stage()
    made = stage.told(DEPLOYMENT, job(template={"spec": {}}))
    made["metadata"]["managedFields"] = [{"manager": "somebody"}]
    made["metadata"]["resourceVersion"] += "0"
    stage.caches.seen(DEPLOYMENT, made)
    assert stage.get(DEPLOYMENT) == made
