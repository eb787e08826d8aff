"""Two NetworkPolicies beside each ModelDeployment: made first, kept, and taken away."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import given
import pytest
from dandelion_operator.api.location import location
from dandelion_operator.api.network import Network
from dandelion_operator.loop.decide import decide
from dandelion_operator.loop.decide.plan.children import ApplyPolicy
from small_world import World, played

RULE = {"to": [{"podSelector": {"matchLabels": {"app": "minio"}}}]}
NETWORK = Network(training=(RULE,), serving=(RULE,))
BOTH = ["lawn-inference", "lawn-training"]


def policies(world: World) -> list[str]:
    return sorted(item["metadata"]["name"] for item in world.cluster.kind("networkpolicies"))


def spec(world: World, name: str = "lawn-inference") -> dict[str, Any]:
    found: dict[str, Any] = world.cluster.one("networkpolicies", name)["spec"]
    return found


def test_they_are_there_before_any_pod(world: World) -> None:
    async def scene() -> None:
        world.with_network(NETWORK)
        world.apply()
        await world.settle()
        assert policies(world) == BOTH
        made = [kind for kind, *_ in world.cluster.objects if kind != "modeldeployments"]
        first = made.index("networkpolicies")
        assert first < made.index("jobs")
        assert first < made.index("deployments")
        assert world.condition("Ready") == ("True", "Serving")
        policy = world.cluster.one("networkpolicies", "lawn-training")["metadata"]
        assert policy["ownerReferences"][0]["kind"] == "ModelDeployment"
        for template, name in (("jobs", "lawn-training"), ("deployments", "lawn-inference")):
            (workload, *_) = world.cluster.kind(template)
            labels = workload["spec"]["template"]["metadata"]["labels"]
            assert spec(world, name)["podSelector"]["matchLabels"].items() <= labels.items()

    played(scene)


@pytest.mark.parametrize(
    ("auth", "may_ask", "there", "made"),
    [
        pytest.param("ClusterTokens", True, {}, ["training"], id="they would be cut off"),
        pytest.param("ClusterTokens", False, {}, ["training", "inference"], id="once replaced"),
        pytest.param("None", True, {}, ["training", "inference"], id="they ask nobody"),
        pytest.param(
            "ClusterTokens",
            True,
            {"training": "", "inference": ""},
            ["training", "inference"],
            id="one that is there follows",
        ),
    ],
)
def test_pods_of_a_former_release_go_on_asking_who_calls(
    auth: str, may_ask: bool, there: Mapping[str, str], made: list[str]
) -> None:
    wanted = given.resource(serving={"auth": auth})
    where = location(wanted, replace(given.DEFAULTS, network=NETWORK))
    former = given.deployment(3, wanted, may_ask_api_server=may_ask)
    observed = given.serving(3, deployment=former, policies=there)
    actions = decide(wanted, observed, where).policies
    assert [item.component for item in actions if isinstance(item, ApplyPolicy)] == made


def test_an_installation_that_says_nothing_of_them_has_none(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        assert policies(world) == []

    played(scene)


def test_turned_off_they_go_and_turned_on_they_come_back(world: World) -> None:
    async def scene() -> None:
        world.with_network(NETWORK)
        world.apply()
        await world.settle()
        world.with_network(Network())
        await world.settle()
        assert policies(world) == []
        world.with_network(NETWORK)
        await world.settle()
        assert policies(world) == BOTH

    played(scene)


def test_they_follow_the_installation_and_restart_no_pod(world: World) -> None:
    async def scene() -> None:
        world.with_network(NETWORK)
        world.apply()
        await world.settle()
        before = world.cluster.one("deployments", "lawn-inference")["spec"]["template"]
        world.with_network(NETWORK.model_copy(update={"callers": ({"podSelector": {}},)}))
        await world.settle()
        assert spec(world)["ingress"][0]["from"] == [{"podSelector": {}}]
        assert world.cluster.one("deployments", "lawn-inference")["spec"]["template"] == before

    played(scene)


def test_what_somebody_made_of_one_is_put_right_once_and_then_told(world: World) -> None:
    async def scene() -> None:
        world.with_network(NETWORK)
        world.apply()
        await world.settle()
        world.cluster.edit("networkpolicies", "lawn-inference", open_to_all, "kubectl-edit")
        await world.settle()
        assert spec(world)["egress"] == [RULE]
        world.cluster.edit("networkpolicies", "lawn-inference", open_to_all, "kubectl-edit")
        await world.settle()
        assert spec(world)["egress"] == [{}]
        told = world.message("Accepted")
        assert "kubectl-edit also writes spec.egress of the NetworkPolicy lawn-inference" in told

    played(scene)


def open_to_all(raw: dict[str, Any]) -> None:
    raw["spec"]["egress"] = [{}]


def test_one_of_that_name_which_is_somebody_elses_stays_and_is_told(world: World) -> None:
    async def scene() -> None:
        world.with_network(NETWORK)
        theirs = {"metadata": {"name": "lawn-inference"}, "spec": {"podSelector": {}}}
        world.cluster.put("networkpolicies", theirs)
        world.apply()
        await world.settle()
        assert spec(world) == theirs["spec"]
        assert world.condition("RolledOut") == ("False", "NameTaken")

    played(scene)


def test_an_operator_that_may_not_read_them_serves_all_the_same(world: World) -> None:
    async def scene() -> None:
        world.cluster.unreadable = {"networkpolicies"}
        world.with_network(NETWORK)
        world.apply()
        await world.settle()
        assert policies(world) == []
        assert world.condition("Ready") == ("True", "Serving")

    played(scene)
