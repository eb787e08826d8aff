"""What others write into the operator's objects is seen, put right once, and then told."""

from __future__ import annotations

import copy
from collections.abc import Callable
from typing import Any

import pytest
from dandelion_operator.api import naming
from given.worlds import two_replicas
from small_world import World, played

NAME = "lawn-inference"
Change = Callable[[dict[str, Any]], None]


def pod(raw: dict[str, Any]) -> dict[str, Any]:
    spec: dict[str, Any] = raw["spec"]["template"]["spec"]
    return spec


def container(raw: dict[str, Any]) -> dict[str, Any]:
    found: dict[str, Any] = next(
        item for item in pod(raw)["containers"] if item["name"] == "inference"
    )
    return found


def another_image(raw: dict[str, Any]) -> None:
    container(raw)["image"] = "mine:1"


def another_account(raw: dict[str, Any]) -> None:
    pod(raw)["serviceAccountName"] = "admin"


def another_version(raw: dict[str, Any]) -> None:
    (found,) = (
        item for item in container(raw)["env"] if item["name"] == "DANDELION_CONTRACT_DIGEST"
    )
    found["value"] = "sha256:other"


def no_liveness_probe(raw: dict[str, Any]) -> None:
    container(raw).pop("livenessProbe", None)


def more_replicas(raw: dict[str, Any]) -> None:
    raw["spec"]["replicas"] = 5


def another_selector(raw: dict[str, Any]) -> None:
    raw["spec"]["selector"]["app"] = "mine"


def more_may_go(raw: dict[str, Any]) -> None:
    raw["spec"]["maxUnavailable"] = "100%"


def without_labels(raw: dict[str, Any]) -> None:
    raw["metadata"]["labels"].pop("app.kubernetes.io/part-of", None)


def another_key(raw: dict[str, Any]) -> None:
    raw["data"]["AWS_ACCESS_KEY_ID"] = "bWluZQ=="


def a_sidecar_before_it(raw: dict[str, Any]) -> None:
    if pod(raw)["containers"][0]["name"] != "sidecar":
        pod(raw)["containers"].insert(0, {"name": "sidecar", "image": "sidecar:1"})


DRIFTS = [
    pytest.param(
        "deployments", NAME, another_image, "containers[name=inference].image", id="image"
    ),
    pytest.param("deployments", NAME, another_account, "serviceAccountName", id="account"),
    pytest.param("deployments", NAME, another_version, "DIGEST].value", id="environment"),
    pytest.param("deployments", NAME, no_liveness_probe, "livenessProbe", id="a field removed"),
    pytest.param("deployments", NAME, more_replicas, "spec.replicas", id="replicas"),
    pytest.param("services", NAME, another_selector, "spec.selector", id="selector"),
    pytest.param("services", NAME, without_labels, "part-of", id="labels"),
    pytest.param("poddisruptionbudgets", NAME, more_may_go, "maxUnavailable", id="a budget"),
    pytest.param("secrets", "lawn-training-s3", another_key, "AWS_ACCESS_KEY_ID", id="a key"),
]


def wanted(raw: dict[str, Any]) -> dict[str, Any]:
    """Without what the operator and the API server note on an object."""
    metadata = {name: raw["metadata"][name] for name in ("labels", "ownerReferences")}
    kept = {
        name: raw[name] for name in ("spec", "data", "automountServiceAccountToken") if name in raw
    }
    return copy.deepcopy({"metadata": metadata, **kept})


@pytest.mark.parametrize(("kind", "name", "change", "field"), DRIFTS)
def test_what_somebody_changed_is_put_right(
    world: World, kind: str, name: str, change: Change, field: str
) -> None:
    async def scene() -> None:
        await two_replicas(world)
        before = wanted(world.cluster.one(kind, name))
        world.cluster.edit(kind, name, change, "kubectl-edit")
        assert wanted(world.cluster.one(kind, name)) != before
        await world.settle()
        assert wanted(world.cluster.one(kind, name)) == before
        assert world.condition("RolledOut") == ("True", "ReplicasAvailable")

    played(scene)


@pytest.mark.parametrize(("kind", "name", "change", "field"), DRIFTS)
def test_what_is_changed_back_again_is_left_alone_and_told(
    world: World, kind: str, name: str, change: Change, field: str
) -> None:
    async def scene() -> None:
        await two_replicas(world)
        for _ in range(3):
            world.cluster.edit(kind, name, change, "their-controller")
            await world.reconcile()
            world.tick()
        before = world.killer.writes
        for _ in range(5):
            world.cluster.edit(kind, name, change, "their-controller")
            await world.reconcile()
            world.tick()
        assert world.killer.writes <= before + 2, "but for the status, nothing is written"
        condition = "Accepted" if kind == "secrets" else "RolledOut"
        removes = change in (no_liveness_probe, without_labels)  # which leaves no trace of whom
        who = "somebody unknown" if removes else "their-controller"
        assert f"{who} also writes" in world.message(condition)
        assert field in world.message(condition)
        if kind != "secrets":
            assert world.condition("RolledOut")[1] == "Contested"
        asked = world.cluster.dry_runs
        await world.reconcile()
        assert world.cluster.dry_runs == asked, "what did not change is not asked again"
        world.cluster.edit(
            kind,
            name,
            lambda raw: raw["metadata"]["annotations"].pop(naming.CORRECTED_ANNOTATION),
            "kubectl-annotate",
        )
        await world.settle()
        assert world.condition("RolledOut") == ("True", "ReplicasAvailable")
        assert "also writes" not in world.message(condition)

    played(scene)


def test_a_new_version_goes_out_all_the_same(world: World) -> None:
    async def scene() -> None:
        await two_replicas(world)
        for _ in range(3):
            world.cluster.edit("deployments", NAME, another_image, "their-controller")
            await world.settle()
        world.accuracy = 0.95
        world.annotate("again")
        await world.settle()
        assert world.serving_version() == "2"
        assert world.status["champion"]["version"] == "2"

    played(scene)


def test_a_settled_world_asks_nothing(world: World) -> None:
    async def scene() -> None:
        await two_replicas(world)
        before = world.killer.writes
        world.restart()
        for _ in range(3):
            await world.reconcile()
        assert (world.killer.writes, world.cluster.dry_runs) == (before, 0)

    played(scene)


def test_what_an_upgrade_would_make_otherwise_is_no_drift(world: World) -> None:
    async def scene() -> None:
        await two_replicas(world)
        before = world.cluster.one("deployments", NAME)["metadata"]["generation"]
        world.settings = world.settings.model_copy(
            update={"inference_image": "inference:2", "image_pull_policy": "Always"}
        )
        world.restart()
        await world.settle()
        assert world.cluster.one("deployments", NAME)["metadata"]["generation"] == before
        world.cluster.edit("deployments", NAME, another_account, "kubectl-edit")
        await world.settle()
        after = world.cluster.one("deployments", NAME)
        assert pod(after)["serviceAccountName"] == "default", "what others do is seen all the same"

    played(scene)


def test_without_field_managers_nothing_is_taken_for_somebody_elses(world: World) -> None:
    async def scene() -> None:
        await two_replicas(world)
        before = world.killer.writes
        for kind in ("deployments", "services", "secrets"):
            for found in world.cluster.kind(kind):
                del found["metadata"]["managedFields"]
        world.settings = world.settings.model_copy(update={"inference_image": "inference:2"})
        world.restart()
        await world.reconcile()
        assert (world.killer.writes, world.cluster.dry_runs) == (before, 0)

    played(scene)


def test_a_sidecar_that_a_webhook_puts_first_is_not_fought(world: World) -> None:
    async def scene() -> None:
        world.cluster.webhook = lambda plural, body: (
            a_sidecar_before_it(body) if plural == "deployments" else None
        )
        await two_replicas(world)
        before = world.killer.writes
        for _ in range(5):
            await world.reconcile()
            world.tick()
        assert world.killer.writes == before
        assert world.condition("RolledOut") == ("True", "ReplicasAvailable")
        names = [item["name"] for item in pod(world.cluster.one("deployments", NAME))["containers"]]
        assert names == ["sidecar", "inference"]

    played(scene)
