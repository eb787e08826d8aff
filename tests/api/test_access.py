"""Who may do what once the chart is installed: the operator, its set-up Jobs, and people."""

from __future__ import annotations

from typing import Any

import pytest
import yaml
from dandelion_operator.ports.kube.namespaces import Rights, binding

from tests.api.server import ApiServer
from tests.chart.rendering import NAMESPACE, render

RBAC = {"ServiceAccount", "Role", "RoleBinding", "ClusterRole", "ClusterRoleBinding", "Namespace"}
OPERATOR = f"{NAMESPACE}:dandelion-operator"
ROLE = "dandelion-operator-namespace"
KEY_MAKER = f"{NAMESPACE}:dandelion-credentials"


def team() -> list[dict[str, Any]]:
    """A namespace of a team's own that asked for the operator, as the operator looks after it."""
    metadata = {"name": "team", "labels": {"dandelion.dev/enabled": "true"}}
    namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": metadata}
    return [namespace, binding(Rights(ROLE, "dandelion-operator", NAMESPACE), "team")]


@pytest.fixture(scope="module")
def installed(api: ApiServer) -> ApiServer:
    """The chart's namespaces, accounts and roles, and a namespace of a team's own."""
    documents = [
        dict(manifest.content)
        for manifest in render({"namespace": {"create": True}})
        if manifest.kind in RBAC
    ]
    api.apply(yaml.safe_dump_all([*documents, *team()]), "--server-side", "--force-conflicts")
    return api


@pytest.mark.parametrize(
    ("verb", "what"),
    [
        ("list", "modeldeployments.dandelion.dev"),
        ("watch", "modeldeployments.dandelion.dev"),
        ("update", "modeldeployments.dandelion.dev:status"),
        ("update", "modeldeployments.dandelion.dev:finalizers"),
        ("create", "jobs.batch"),
        ("delete", "jobs.batch"),
        ("patch", "deployments.apps"),
        ("create", "services"),
        ("delete", "poddisruptionbudgets.policy"),
        ("patch", "networkpolicies.networking.k8s.io"),
        ("get", "secrets"),
        ("get", "configmaps"),
        ("watch", "pods"),
        ("watch", "endpointslices.discovery.k8s.io"),
        ("create", "events"),
        ("list", "events"),
        ("patch", "serviceaccounts"),
        ("create", "rolebindings.rbac.authorization.k8s.io"),
        ("bind", "clusterroles.rbac.authorization.k8s.io/dandelion-mlflow-training"),
        ("delete", "clusterrolebindings.rbac.authorization.k8s.io/dandelion-token-reviewers"),
    ],
)
def test_the_operator_may_do_its_work_in_a_namespace_that_it_looks_after(
    installed: ApiServer, verb: str, what: str
) -> None:
    assert installed.may(OPERATOR, verb, what, "team")


@pytest.mark.parametrize(
    ("verb", "what"),
    [
        ("create", "modeldeployments.dandelion.dev"),
        ("delete", "modeldeployments.dandelion.dev"),
        ("update", "modeldeployments.dandelion.dev"),
        ("list", "secrets"),
        ("delete", "secrets"),
        ("create", "pods"),
        ("create", "pods:exec"),
        ("delete", "deployments.apps"),
        ("list", "configmaps"),
        ("create", "configmaps"),
        ("watch", "events"),
        ("delete", "rolebindings.rbac.authorization.k8s.io"),
        ("get", "nodes"),
        ("delete", "serviceaccounts"),
        ("create", "serviceaccounts:token"),
        ("create", "tokenreviews.authentication.k8s.io"),
        ("create", "subjectaccessreviews.authorization.k8s.io"),
        ("patch", "clusterrolebindings.rbac.authorization.k8s.io/dandelion-token-reviewers"),
        ("delete", "clusterrolebindings.rbac.authorization.k8s.io/cluster-admin"),
        ("bind", "clusterroles.rbac.authorization.k8s.io/dandelion-token-reviewer"),
        ("create", "clusterrolebindings.rbac.authorization.k8s.io"),
        ("patch", "clusterrolebindings.rbac.authorization.k8s.io"),
        ("patch", "clusterrolebindings.rbac.authorization.k8s.io/cluster-admin"),
        ("bind", "clusterroles.rbac.authorization.k8s.io/cluster-admin"),
        ("bind", "clusterroles.rbac.authorization.k8s.io"),
    ],
)
def test_the_operator_may_do_no_more(installed: ApiServer, verb: str, what: str) -> None:
    assert not installed.may(OPERATOR, verb, what, "team")


def test_the_operator_holds_one_lease_in_its_own_namespace(installed: ApiServer) -> None:
    lease = "leases.coordination.k8s.io/dandelion-operator"
    assert installed.may(OPERATOR, "update", lease, NAMESPACE)
    assert not installed.may(OPERATOR, "update", lease, "team")
    assert not installed.may(OPERATOR, "update", "leases.coordination.k8s.io/other", NAMESPACE)


def test_the_key_maker_may_create_secrets_and_read_none(installed: ApiServer) -> None:
    assert installed.may(KEY_MAKER, "create", "secrets", NAMESPACE)
    assert not installed.may(KEY_MAKER, "get", "secrets", NAMESPACE)
    assert not installed.may(KEY_MAKER, "create", "secrets", "team")


@pytest.mark.parametrize(
    ("role", "label"),
    [("view", "aggregate-to-view"), ("edit", "aggregate-to-edit"), ("edit", "aggregate-to-admin")],
)
def test_people_get_their_roles_through_the_clusters_own(
    installed: ApiServer, role: str, label: str
) -> None:
    """The aggregation itself is a controller's work; it goes by this label."""
    labels = installed.get("clusterrole", f"dandelion-{role}")["metadata"]["labels"]
    assert labels[f"rbac.authorization.k8s.io/{label}"] == "true"


def test_a_viewer_sees_and_an_editor_changes(installed: ApiServer) -> None:
    for role in ("view", "edit"):
        binding = [f"dandelion-{role}", f"--clusterrole=dandelion-{role}", f"--user={role}er"]
        installed.kubectl("create", "rolebinding", *binding, "-n", "team")
    what = "modeldeployments.dandelion.dev"
    assert installed.may("viewer", "get", what, "team")
    assert not installed.may("viewer", "patch", what, "team")
    assert installed.may("editer", "create", what, "team")
    assert installed.may("editer", "patch", f"{what}:scale", "team")
    assert not installed.may("editer", "update", f"{what}:status", "team")
