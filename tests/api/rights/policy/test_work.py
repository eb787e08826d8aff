"""The policy on a real API server: the operator's account gets no further than its own work, even
where RBAC would let it do anything.
"""

from __future__ import annotations

import copy
from typing import Any

import pytest

from tests.api.rights.children import Json
from tests.api.rights.policy.installation import (
    CHILDREN,
    FULLNAME,
    LABEL,
    OPERATOR,
    OTHER,
    ROLE,
    TEAM,
    Given,
)
from tests.api.server import KubectlError
from tests.chart.rendering import NAMESPACE


def test_the_table_holds_all_that_is_written(given: Given) -> None:
    assert set(given.team.all()) == set(CHILDREN)


@pytest.mark.parametrize("name", CHILDREN)
def test_what_the_operator_makes_passes(given: Given, name: str) -> None:
    given.write(given.child(name))


@pytest.mark.parametrize("name", CHILDREN)
def test_nothing_is_made_in_a_namespace_that_did_not_ask(given: Given, name: str) -> None:
    with pytest.raises(KubectlError, match="kubectl label namespace NAMESPACE"):
        given.write(copy.deepcopy(given.other.all()[name]))


def own_binding(namespace: str) -> Json:
    return {
        "apiVersion": "rbac.authorization.k8s.io/v1",
        "kind": "RoleBinding",
        "metadata": {"name": ROLE, "namespace": namespace},
        "roleRef": {
            "apiGroup": "rbac.authorization.k8s.io",
            "kind": "ClusterRole",
            "name": ROLE,
        },
        "subjects": [
            {"kind": "ServiceAccount", "name": f"{FULLNAME}-operator", "namespace": NAMESPACE}
        ],
    }


def event(about: str) -> Json:
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": "lawn.1", "namespace": TEAM},
        "involvedObject": {"kind": about, "namespace": TEAM, "name": "lawn"},
        "reason": "Serving",
        "type": "Normal",
    }


def lease(namespace: str, name: str) -> Json:
    return {
        "apiVersion": "coordination.k8s.io/v1",
        "kind": "Lease",
        "metadata": {"name": name, "namespace": namespace},
    }


@pytest.mark.parametrize(
    "body",
    [
        pytest.param(own_binding(TEAM), id="its own rights where the label is"),
        pytest.param(event("ModelDeployment"), id="an Event of a ModelDeployment"),
        pytest.param(lease(NAMESPACE, f"{FULLNAME}-operator"), id="its lease"),
    ],
)
def test_so_does_what_it_writes_for_itself(given: Given, body: Json) -> None:
    given.write(body)


def namespaced(kind: str, api_version: str = "v1", **about: Any) -> Json:
    metadata = {"name": "lawn-x", "namespace": TEAM}
    return {"apiVersion": api_version, "kind": kind, "metadata": metadata, **about}


def bound(namespace: str, **about: Any) -> Json:
    return own_binding(namespace) | about


ADMIN = {"apiGroup": "rbac.authorization.k8s.io", "kind": "ClusterRole", "name": "admin"}


@pytest.mark.parametrize(
    ("body", "words"),
    [
        pytest.param(namespaced("ConfigMap"), "no objects of this kind", id="a ConfigMap"),
        pytest.param(
            namespaced("Pod", spec={"containers": [{"name": "a", "image": "a"}]}),
            "no objects of this kind",
            id="a Pod",
        ),
        pytest.param(
            namespaced("Role", "rbac.authorization.k8s.io/v1", rules=[]),
            "no objects of this kind",
            id="a Role",
        ),
        pytest.param(
            {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": TEAM, "labels": LABEL}},
            "no objects of this kind",
            id="the label",
        ),
        pytest.param(
            {
                "apiVersion": "rbac.authorization.k8s.io/v1",
                "kind": "ClusterRoleBinding",
                "metadata": {"name": "mine"},
                "roleRef": ADMIN,
                "subjects": [{"kind": "User", "name": OPERATOR}],
            },
            "no binding of the cluster",
            id="a ClusterRoleBinding",
        ),
        pytest.param(own_binding(OTHER), "kubectl label namespace", id="its rights elsewhere"),
        pytest.param(
            own_binding("kube-system"), "kubectl label namespace", id="its rights in kube-system"
        ),
        pytest.param(
            bound(TEAM, roleRef=ADMIN),
            "binds its role in a namespace",
            id="another role for itself",
        ),
        pytest.param(
            bound(TEAM, subjects=[{"kind": "User", "name": "somebody"}]),
            "to itself alone",
            id="its role for somebody",
        ),
        pytest.param(
            bound(TEAM, metadata={"name": "lawn-x", "namespace": TEAM}),
            "a ModelDeployment owns",
            id="its rights by another name",
        ),
        pytest.param(event("Node"), "tells of ModelDeployments alone", id="an Event of a Node"),
        pytest.param(lease(NAMESPACE, "other"), "no lease but its own", id="another lease"),
        pytest.param(
            lease("kube-system", f"{FULLNAME}-operator"),
            "no lease but its own",
            id="a lease elsewhere",
        ),
    ],
)
def test_what_is_not_its_work_is_refused(given: Given, body: Json, words: str) -> None:
    with pytest.raises(KubectlError, match=words):
        given.write(body)
