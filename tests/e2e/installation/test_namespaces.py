"""Namespaces opt in: in one that did not, a ModelDeployment is told so, and nothing is touched."""

from __future__ import annotations

import json

import pytest
from dandelion_demo.install import NAMESPACE, RELEASE
from dandelion_local.commands import SetupError

from tests.e2e.world import World, colours

NAME = "opted"
LABEL = "dandelion.dev/enabled"
ROLE = f"{RELEASE}-operator-namespace"
OPERATOR = f"--as=system:serviceaccount:{NAMESPACE}:{RELEASE}-operator"


def label(world: World, wanted: str) -> None:
    world.cluster.run("label", "namespace", world.namespace, wanted, "--overwrite")


def test_a_namespace_that_did_not_ask_is_left_alone(world: World) -> None:
    label(world, f"{LABEL}-")
    world.until("the rights are given back", lambda: ROLE not in bound(world))
    world.train(NAME, world.upload("colours", colours()))
    told = world.until_condition(NAME, "Accepted", "False", "NamespaceNotEnabled")
    assert f"kubectl label namespace {world.namespace} {LABEL}=true" in told["message"]
    assert world.condition(NAME, "Ready")["reason"] == "NamespaceNotEnabled"
    assert world.owned("jobs,secrets,services,deployments", NAME) == []


def test_the_label_turns_it_on(world: World) -> None:
    label(world, f"{LABEL}=true")
    world.until_condition(NAME, "Accepted", "True")
    world.until_served(NAME, "1")


def test_what_serves_goes_on_when_the_label_goes(world: World) -> None:
    pods = {pod["metadata"]["uid"] for pod in world.owned("pods", NAME)}
    label(world, f"{LABEL}-")
    world.until_condition(NAME, "Ready", "Unknown", "NamespaceNotEnabled")
    world.until("the rights are given back", lambda: ROLE not in bound(world))
    assert world.predict(NAME, next(iter(colours(1).values()))).status_code == 200
    assert {pod["metadata"]["uid"] for pod in world.owned("pods", NAME)} == pods


@pytest.mark.parametrize("namespace", ["kube-system", NAMESPACE])
def test_the_operators_account_cannot_let_itself_in(world: World, namespace: str) -> None:
    reference = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": ROLE}
    subject = {"kind": "ServiceAccount", "name": f"{RELEASE}-operator", "namespace": NAMESPACE}
    binding = {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": ROLE, "namespace": namespace},
        "roleRef": reference,
        "subjects": [subject],
    }
    apply = ("apply", "--server-side", "--validate=false", OPERATOR, "-f", "-")
    with pytest.raises(SetupError, match="in namespaces alone that it is to look after"):
        world.cluster.run(*apply, stdin=json.dumps(binding))
    with pytest.raises(SetupError, match="cannot list resource"):
        world.cluster.run("get", "secrets", "-n", namespace, OPERATOR)


def bound(world: World) -> set[str]:
    return {item["metadata"]["name"] for item in world.get("rolebindings")}
