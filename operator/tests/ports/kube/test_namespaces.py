"""Namespaces opt in by a label: rights are bound there, given back later, and nowhere else."""

from __future__ import annotations

import asyncio
from collections.abc import Collection
from typing import Any

import pytest
from dandelion_operator.api.reasons import Reason
from dandelion_operator.ports.fence import Fence
from dandelion_operator.ports.kube import namespaces
from dandelion_operator.ports.kube.cluster import Cluster
from dandelion_operator.ports.kube.namespaces import Namespaces, Rights, binding
from fakes.cluster import FakeCluster
from fakes.killer import Killer
from given import NOW

RIGHTS = Rights("dandelion-operator-namespace", "dandelion-operator", "dandelion-system")
LABEL = {"dandelion.dev/enabled": "true"}


class Given:
    def __init__(self) -> None:
        self.server = FakeCluster(Killer(None, True), lambda: NOW)
        self.changes: list[set[str]] = []
        self._told = asyncio.Event()
        fence = Fence()
        fence.open_until(float("inf"))
        self.namespaces = Namespaces(Cluster(self.server, fence), RIGHTS, self.changed)

    def changed(self, names: Collection[str]) -> None:
        self.changes.append(set(names))
        self._told.set()

    async def heard(self, name: str) -> None:
        """Until it was told that this namespace is another one now."""
        while not any(name in names for names in self.changes):
            self._told.clear()
            await self._told.wait()

    def namespace(self, name: str, labels: dict[str, str]) -> None:
        self.server.put_clusterwide("namespaces", {"metadata": {"name": name, "labels": labels}})

    def bind(self, namespace: str, **about: Any) -> None:
        self.server.put("rolebindings", binding(RIGHTS, namespace) | about)

    @property
    def bound(self) -> list[str]:
        return sorted(item["metadata"]["namespace"] for item in self.server.kind("rolebindings"))

    def round(self) -> bool:
        return asyncio.run(self.namespaces.round())

    def reason(self, namespace: str) -> Reason | None:
        found = self.namespaces.obstacle(namespace)
        return found.reason if found is not None else None


@pytest.fixture
def given_() -> Given:
    return Given()


@pytest.mark.parametrize(
    ("labels", "enabled"),
    [
        pytest.param(LABEL, True, id="labelled"),
        pytest.param({}, False, id="not labelled"),
        pytest.param({"dandelion.dev/enabled": "false"}, False, id="turned off"),
        pytest.param({"dandelion.dev/enabled": ""}, False, id="labelled with nothing"),
    ],
)
def test_rights_are_bound_where_the_label_is(
    given_: Given, labels: dict[str, str], enabled: bool
) -> None:
    given_.namespace("team", labels)
    assert given_.round()
    assert given_.bound == (["team"] if enabled else [])
    assert given_.reason("team") == (None if enabled else Reason.NAMESPACE_NOT_ENABLED)


def test_what_is_bound_is_one_role_to_one_account(given_: Given) -> None:
    given_.namespace("team", LABEL)
    given_.round()
    (made,) = given_.server.kind("rolebindings")
    assert made["roleRef"] == {
        "apiGroup": "rbac.authorization.k8s.io",
        "kind": "ClusterRole",
        "name": RIGHTS.role,
    }
    assert made["subjects"] == [
        {"kind": "ServiceAccount", "name": "dandelion-operator", "namespace": "dandelion-system"}
    ]


def test_rights_are_given_back_with_the_label(given_: Given) -> None:
    """Also where the label went while no operator ran."""
    given_.bind("left")
    given_.namespace("left", {})
    given_.round()
    assert given_.bound == []
    assert given_.reason("left") is Reason.NAMESPACE_NOT_ENABLED


def test_a_binding_of_somebody_elses_is_left_alone(given_: Given) -> None:
    theirs = {"subjects": [{"kind": "User", "name": "somebody"}]}
    given_.bind("left", **theirs)
    given_.round()
    assert given_.bound == ["left"]


def test_a_binding_without_its_subject_is_put_right(given_: Given) -> None:
    given_.namespace("team", LABEL)
    given_.bind("team", subjects=[])
    given_.round()
    (made,) = given_.server.kind("rolebindings")
    assert made["subjects"] == binding(RIGHTS, "team")["subjects"]


def test_a_round_that_finds_nothing_new_writes_nothing_and_tells_nobody(given_: Given) -> None:
    given_.namespace("team", LABEL)
    given_.round()
    writes = given_.server.killer.writes
    assert given_.round()
    assert given_.server.killer.writes == writes
    assert given_.changes == [{"team"}]


def test_whoever_is_concerned_is_told_of_a_label_that_comes_and_goes(given_: Given) -> None:
    given_.namespace("team", {})
    given_.round()
    found = given_.server.objects["namespaces", "", "team"]
    found["metadata"]["labels"] = LABEL
    given_.round()
    found["metadata"]["labels"] = {}
    given_.round()
    assert given_.changes == [{"team"}, {"team"}]


def test_a_binding_that_is_refused_is_told_and_tried_again(given_: Given) -> None:
    given_.namespace("team", LABEL)
    given_.server.refuse["rolebindings"] = "denied by {policy}"
    assert not given_.round()
    found = given_.namespaces.obstacle("team")
    assert found is not None
    assert found.message.endswith("no rights in the namespace team: denied by {policy}")
    given_.server.refuse.clear()
    assert given_.round()
    assert given_.namespaces.obstacle("team") is None


def test_rights_that_cannot_be_given_back_keep_no_other_namespace_waiting(
    given_: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    request, refused = given_.server.request, ["left"]

    async def refusing(method: str, path: str, **more: Any) -> tuple[int, Any]:
        if method == "DELETE" and any(f"/{name}/" in path for name in refused):
            return 403, {"message": "denied by a webhook"}
        return await request(method, path, **more)

    monkeypatch.setattr(given_.server, "request", refusing)
    given_.bind("left")
    given_.bind("other")
    given_.namespace("team", LABEL)
    assert not given_.round()
    assert given_.bound == ["left", "team"]
    assert given_.reason("team") is None
    refused.clear()
    assert given_.round()
    assert given_.bound == ["team"]


def test_what_is_refused_for_good_is_tried_ever_more_rarely(
    given_: Given, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(namespaces, "AGAIN_SECONDS", 0.01)
    request, listings = given_.server.request, []

    async def counting(method: str, path: str, **more: Any) -> tuple[int, Any]:
        if path.endswith("/namespaces"):
            listings.append(path)
        return await request(method, path, **more)

    async def scene() -> None:
        running = asyncio.create_task(given_.namespaces.run(lambda: True))
        await asyncio.sleep(0.4)
        running.cancel()

    monkeypatch.setattr(given_.server, "request", counting)
    given_.namespace("team", LABEL)
    given_.server.refuse["rolebindings"] = "denied by {policy}"
    asyncio.run(scene())
    assert 1 <= len(listings) <= 7, "after 10, 20, 40 … milliseconds"


def test_nobody_is_told_anything_before_it_is_known(given_: Given) -> None:
    assert not given_.namespaces.known
    given_.round()
    assert given_.namespaces.known


def test_the_command_that_turns_it_on_is_in_the_message(given_: Given) -> None:
    found = given_.namespaces.obstacle("team-a")
    assert found is not None
    assert "kubectl label namespace team-a dandelion.dev/enabled=true" in found.message


def test_without_a_role_to_bind_every_namespace_is_looked_after(given_: Given) -> None:
    everywhere = Namespaces(Cluster(given_.server, Fence()))
    assert everywhere.known
    assert everywhere.obstacle("anywhere") is None
    asyncio.run(everywhere.run(lambda: True))
    assert not given_.server.reads


def test_a_label_that_comes_wakes_who_waits(given_: Given, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(namespaces, "EVERY_SECONDS", 3600.0)

    async def scene() -> None:
        running = asyncio.create_task(given_.namespaces.run(lambda: True))
        async with asyncio.timeout(60):
            await given_.heard("first")
            given_.namespace("team", LABEL)
            given_.namespaces.wake()
            await given_.heard("team")
        running.cancel()

    given_.namespace("first", LABEL)
    asyncio.run(scene())
    assert given_.bound == ["first", "team"]


def test_an_operator_that_does_not_lead_writes_nothing(given_: Given) -> None:
    async def scene() -> None:
        given_.namespace("team", LABEL)
        running = asyncio.create_task(given_.namespaces.run(lambda: False))
        await asyncio.sleep(0.05)
        running.cancel()

    asyncio.run(scene())
    assert given_.bound == []
