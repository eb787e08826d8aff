"""Whose pods may ask the API server who calls: those that are to, for as long as they are there."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from dandelion_operator.ports.fence import Fence
from dandelion_operator.ports.kube.caches import Caches, Stored
from dandelion_operator.ports.kube.cluster import Cluster
from dandelion_operator.ports.kube.objects import MODEL_DEPLOYMENT
from dandelion_operator.ports.kube.reviewers import TokenReviewers
from fakes.cluster import FakeCluster
from fakes.killer import Killer
from small_world import World, played
from small_world.told import BINDING

ASKING = {"auth": "ClusterTokens"}


def account(world: World) -> str | None:
    deployment = world.cluster.one("deployments", "lawn-inference")
    name: str = deployment["spec"]["template"]["spec"]["serviceAccountName"]
    return name


def test_a_model_that_asks_who_calls_serves_with_the_right_to(world: World) -> None:
    async def scene() -> None:
        world.apply(serving=ASKING)
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")
        assert account(world) == "lawn-inference"
        assert world.reviewers() == ["default:lawn-inference"]

    played(scene)


def test_a_model_that_asks_nobody_has_no_account(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        assert account(world) == "default"
        assert world.cluster.kind("serviceaccounts") == []
        assert world.reviewers() == []

    played(scene)


@pytest.mark.parametrize(
    ("plural", "refusal"),
    [
        pytest.param("clusterrolebindings", "may not patch clusterrolebindings", id="the right"),
        pytest.param("serviceaccounts", "may not create serviceaccounts", id="the account"),
    ],
)
def test_what_is_refused_is_told_and_what_serves_goes_on(
    world: World, plural: str, refusal: str
) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        world.cluster.refuse[plural] = refusal
        world.apply(serving=ASKING)
        for _ in range(3):
            await world.reconcile()
        assert world.condition("RolledOut")[0] == "False"
        assert refusal in world.message("RolledOut")
        assert world.condition("Ready") == ("True", "Serving")
        assert account(world) == "default"
        del world.cluster.refuse[plural]
        await world.settle()
        assert world.condition("RolledOut") == ("True", "ReplicasAvailable")
        assert account(world) == "lawn-inference"

    played(scene)


def test_an_installation_that_was_not_set_up_for_it_says_so(world: World) -> None:
    async def scene() -> None:
        del world.cluster.objects["clusterrolebindings", "", BINDING]
        world.apply(serving=ASKING)
        await world.settle()
        assert world.condition("RolledOut") == ("False", "AuthUnavailable")
        assert "rbac.clusterTokens=true" in world.message("RolledOut")
        assert world.cluster.kind("deployments") == []

    played(scene)


def test_somebody_elses_account_is_not_used(world: World) -> None:
    async def scene() -> None:
        world.cluster.put("serviceaccounts", {"metadata": {"name": "lawn-inference"}})
        world.apply(serving=ASKING)
        await world.settle()
        assert world.condition("RolledOut") == ("False", "NameTaken")
        assert "the ServiceAccount lawn-inference" in world.message("RolledOut")

    played(scene)


def resource(
    name: str, auth: str, namespace: str = "default", rolled_out: str = "True"
) -> dict[str, Any]:
    condition = {
        "type": "RolledOut",
        "status": rolled_out,
        "reason": "x",
        "observedGeneration": 1,
        "lastTransitionTime": "2026-01-01T00:00:00Z",
    }
    return {
        "metadata": {"name": name, "namespace": namespace},
        "spec": {"serving": {"auth": auth}, "unknown": True},
        "status": {"conditions": [condition]},
    }


@pytest.mark.parametrize(
    ("resources", "before", "watched", "after"),
    [
        pytest.param(
            [resource("b", "ClusterTokens", "two"), resource("a", "ClusterTokens", "one")],
            [],
            (),
            ["one:a", "two:b"],
            id="of every namespace, in one order",
        ),
        pytest.param(
            [resource("b", "ClusterTokens", "two"), resource("a", "ClusterTokens", "one")],
            [],
            ("one",),
            ["one:a"],
            id="of the namespaces that are looked after",
        ),
        pytest.param([], ["default:gone"], (), [], id="not of one that is gone"),
        pytest.param(
            [resource("a", "None")], ["default:a"], (), [], id="not once nobody is asked any more"
        ),
        pytest.param(
            [resource("a", "None", rolled_out="Unknown")],
            ["default:a"],
            (),
            ["default:a"],
            id="still while pods that ask are being replaced",
        ),
        pytest.param(
            [resource("a", "None", rolled_out="False")],
            [],
            (),
            [],
            id="not of one that never asked, however its rollout goes",
        ),
    ],
)
def test_the_list(
    resources: list[dict[str, Any]], before: list[str], watched: tuple[str, ...], after: list[str]
) -> None:
    cluster = FakeCluster(Killer(None, True), lambda: "2026-01-01T00:00:00Z")
    for body in resources:
        cluster.put("modeldeployments", body)
    subjects = [
        {"kind": "ServiceAccount", "namespace": namespace, "name": f"{name}-inference"}
        for namespace, _, name in (item.partition(":") for item in before)
    ]
    binding = {"metadata": {"name": BINDING}, "subjects": subjects}
    cluster.put_clusterwide("clusterrolebindings", binding)
    fence = Fence()
    fence.open_until(float("inf"))
    reviewers = TokenReviewers(Cluster(cluster, fence), BINDING, watched)

    asyncio.run(reviewers.bring_up_to_date())
    found = cluster.objects["clusterrolebindings", "", BINDING]
    assert [f"{item['namespace']}:{item['name']}" for item in found["subjects"]] == [
        f"{item}-inference" for item in after
    ]

    version = found["metadata"]["resourceVersion"]
    asyncio.run(reviewers.bring_up_to_date())
    assert found["metadata"]["resourceVersion"] == version, "what is right is not written again"


def test_what_did_not_change_is_not_parsed_again(monkeypatch: pytest.MonkeyPatch) -> None:
    parsed: list[str] = []
    load = Stored.load

    def noted(stored: Stored) -> dict[str, Any]:
        found = load(stored)
        parsed.append(found["metadata"]["name"])
        return found

    monkeypatch.setattr(Stored, "load", noted)
    cluster = FakeCluster(Killer(None, True), lambda: "2026-01-01T00:00:00Z")
    cluster.put_clusterwide("clusterrolebindings", {"metadata": {"name": BINDING}})
    fence, caches = Fence(), Caches()
    fence.open_until(float("inf"))
    caches.of(MODEL_DEPLOYMENT).synced = True
    reviewers = TokenReviewers(Cluster(cluster, fence, caches), BINDING, ())

    def names_after(*changed: dict[str, Any]) -> tuple[list[str], list[str]]:
        """Of those that were parsed, and of those that may ask."""
        parsed.clear()
        for body in changed:
            caches.seen(MODEL_DEPLOYMENT, body)
        asyncio.run(reviewers.bring_up_to_date())
        subjects = cluster.objects["clusterrolebindings", "", BINDING]["subjects"]
        return sorted(parsed), [item["name"].removesuffix("-inference") for item in subjects]

    made = [
        cluster.put("modeldeployments", resource(name, auth))
        for name, auth in (("a", "ClusterTokens"), ("b", "None"), ("c", "ClusterTokens"))
    ]
    assert names_after(*made) == (["a", "b", "c"], ["a", "c"])
    assert names_after() == ([], ["a", "c"])
    made[1]["spec"]["serving"]["auth"] = "ClusterTokens"
    made[1]["metadata"]["resourceVersion"] = "100"
    assert names_after(made[1]) == (["b"], ["a", "b", "c"])
    caches.gone(MODEL_DEPLOYMENT, made[0])
    assert names_after() == ([], ["b", "c"])


def test_looking_after_the_list_outlives_refusals_and_waits_for_the_lease() -> None:
    async def scene() -> None:
        cluster = FakeCluster(Killer(None, True), lambda: "2026-01-01T00:00:00Z")
        cluster.put("modeldeployments", resource("a", "ClusterTokens"))
        cluster.put_clusterwide("clusterrolebindings", {"metadata": {"name": BINDING}})
        cluster.refuse["clusterrolebindings"] = "forbidden"
        fence = Fence()
        reviewers = TokenReviewers(Cluster(cluster, fence), BINDING, ())
        done = asyncio.Event()
        turns = iter(("another leads", "refused", "leads no longer", "goes well"))

        def allowed() -> bool:
            turn = next(turns, "over")
            fence.open_until(float("-inf" if turn == "leads no longer" else "inf"))
            if turn == "goes well":
                cluster.refuse.clear()
            if turn == "over":
                done.set()
            return turn != "another leads"

        task = asyncio.create_task(reviewers.run(allowed, 0.0))
        await done.wait()
        task.cancel()
        await asyncio.wait([task])
        assert task.cancelled()
        binding = cluster.objects["clusterrolebindings", "", BINDING]
        assert [item["name"] for item in binding["subjects"]] == ["a-inference"]

    played(scene)
