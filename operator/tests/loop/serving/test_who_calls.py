"""Pods that ask who calls: they know whom to ask, and an upgrade replaces former ones once."""

from __future__ import annotations

from typing import Any

import pytest
from dandelion_operator.api import digests
from dandelion_operator.loop.apply import builders
from dandelion_operator.ports.fence import Fence
from dandelion_operator.ports.kube.cluster import Cluster
from dandelion_operator.ports.kube.reviewers import FormerReviewers
from small_world import World, played

ASKING = {"auth": "ClusterTokens"}
NAME = "lawn-inference"
BINDING = "dandelion-token-reviewers"


def pod(world: World) -> dict[str, Any]:
    found: dict[str, Any] = world.cluster.one("deployments", NAME)["spec"]["template"]["spec"]
    return found


def told(world: World) -> dict[str, str]:
    (container,) = pod(world)["containers"]
    return {item["name"]: item.get("value", "") for item in container["env"]}


def generation(world: World) -> int:
    return int(world.cluster.one("deployments", NAME)["metadata"]["generation"])


def test_a_model_that_asks_who_calls_serves_without_any_right_of_its_own(world: World) -> None:
    async def scene() -> None:
        world.apply(serving=ASKING)
        await world.settle()
        assert world.condition("Ready") == ("True", "Serving")
        assert told(world)["DANDELION_TOKEN_REVIEWER_URL"] == "http://reviewer"
        assert pod(world)["automountServiceAccountToken"] is False
        assert world.cluster.kind("serviceaccounts") == []
        assert world.cluster.kind("clusterrolebindings") == []

    played(scene)


def test_a_model_that_asks_nobody_knows_nobody_to_ask(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        assert "DANDELION_TOKEN_REVIEWER_URL" not in told(world)

    played(scene)


def without_reviewer(world: World) -> None:
    world.settings = world.settings.model_copy(update={"token_reviewer_url": ""})
    world.restart()


def test_an_installation_without_a_token_reviewer_says_so(world: World) -> None:
    async def scene() -> None:
        without_reviewer(world)
        world.apply(serving=ASKING)
        await world.settle()
        assert world.condition("RolledOut") == ("False", "AuthUnavailable")
        assert "rbac.clusterTokens=true" in world.message("RolledOut")
        assert world.cluster.kind("deployments") == []

    played(scene)


def test_what_serves_goes_on_where_the_token_reviewer_was_taken_away(world: World) -> None:
    async def scene() -> None:
        world.apply(serving=ASKING)
        await world.settle()
        before = world.cluster.one("deployments", NAME)
        without_reviewer(world)
        for _ in range(3):
            await world.reconcile()
        assert world.condition("RolledOut") == ("False", "AuthUnavailable")
        assert world.condition("Ready") == ("True", "Serving")
        assert world.cluster.one("deployments", NAME) == before

    played(scene)


def test_pods_follow_a_token_reviewer_that_moves(world: World) -> None:
    async def scene() -> None:
        world.apply(serving=ASKING)
        await world.settle()
        world.settings = world.settings.model_copy(update={"token_reviewer_url": "http://other"})
        world.restart()
        await world.settle()
        assert told(world)["DANDELION_TOKEN_REVIEWER_URL"] == "http://other"
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)


def by_a_former_release(patched: pytest.MonkeyPatch) -> None:
    """Its pods asked the API server, as an account of their own."""
    made = builders.deployment

    def with_account(*about: Any) -> dict[str, Any]:
        built = made(*about)
        spec = built["spec"]["template"]["spec"]
        (container,) = spec["containers"]
        variables = [item for item in container["env"] if "TOKEN_REVIEWER" not in item["name"]]
        if variables != container["env"]:
            spec |= {"serviceAccountName": NAME, "automountServiceAccountToken": True}
        container["env"] = variables
        return built

    patched.setattr(builders, "deployment", with_account)
    patched.setattr(digests, "_asked", lambda *_: {})


def let_in(world: World) -> None:
    """As the operator of a former release did."""
    world.cluster.put_clusterwide(
        "clusterrolebindings",
        {
            "metadata": {"name": BINDING},
            "subjects": [{"kind": "ServiceAccount", "namespace": "default", "name": NAME}],
        },
    )


async def look_after(world: World) -> bool:
    """Whether the accounts of former releases are still let in after this."""
    fence = Fence()
    fence.open_until(float("inf"))
    await FormerReviewers(Cluster(world.cluster, fence), BINDING, ()).let_go()
    return ("clusterrolebindings", "", BINDING) in world.cluster.objects


def test_an_upgrade_replaces_pods_that_ask_the_api_server_once_and_then_takes_their_right(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        with monkeypatch.context() as patched:
            by_a_former_release(patched)
            world.apply(serving=ASKING)
            await world.settle()
        let_in(world)
        assert pod(world)["serviceAccountName"] == NAME
        before = generation(world)
        world.restart()
        assert await look_after(world), "the status of before says that all is rolled out"
        await world.settle()
        assert generation(world) == before + 1
        assert pod(world)["serviceAccountName"] == "default"
        assert told(world)["DANDELION_TOKEN_REVIEWER_URL"] == "http://reviewer"
        assert world.condition("Ready") == ("True", "Serving")
        assert not await look_after(world)
        await world.settle()
        assert generation(world) == before + 1

    played(scene)


def test_an_upgrade_restarts_no_pod_that_asks_nobody(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        with monkeypatch.context() as patched:
            by_a_former_release(patched)
            world.apply()
            await world.settle()
        before = world.everything()
        world.restart()
        await world.settle()
        assert world.everything() == before

    played(scene)


def test_a_way_back_gives_pods_their_account_again(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def scene() -> None:
        world.apply(serving=ASKING)
        await world.settle()
        by_a_former_release(monkeypatch)
        world.restart()
        await world.settle()
        assert pod(world)["serviceAccountName"] == NAME
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)
