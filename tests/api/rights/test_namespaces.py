"""Namespaces opt in, on a real API server: with the chart's roles and policy, by the operator's own
code, the operator has rights where the label is and nowhere else.
"""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest
import yaml
from dandelion_operator.ports.kube.cluster import Cluster
from dandelion_operator.ports.kube.namespaces import Namespaces, Rights

from tests.api.rights.policy.installation import POLICIES
from tests.api.server import ApiServer
from tests.api.test_access import OPERATOR, RBAC
from tests.api.who_calls.cluster import as_the_operator
from tests.chart.rendering import CHART, NAMESPACE, RELEASE, Rendered, helm, render

ROLE = "dandelion-operator-namespace"
RIGHTS = Rights(ROLE, "dandelion-operator", NAMESPACE)
LABEL = "dandelion.dev/enabled"
NAMES = ("labelled", "unlabelled")


def chart(rendered: Rendered) -> str:
    wanted = RBAC | POLICIES
    return yaml.safe_dump_all([dict(item.content) for item in rendered if item.kind in wanted])


@pytest.fixture
def installed(api: ApiServer) -> Iterator[ApiServer]:
    rendered = render({"namespace": {"create": True}})
    api.apply(chart(rendered), "--server-side", "--force-conflicts", "--field-manager=helm")
    for name in NAMES:
        namespace = {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": name}}
        api.apply(namespace, "--server-side")
        api.kubectl("label", "namespace", name, f"{LABEL}-")
    api.kubectl("label", "namespace", "labelled", f"{LABEL}=true")
    yield api
    for name in NAMES:
        api.kubectl("delete", "rolebinding", ROLE, "-n", name, "--ignore-not-found")


def look(api: ApiServer) -> list[str]:
    """One round of the operator's; those of NAMES that are looked after then."""
    found: list[str] = []

    async def work(cluster: Cluster) -> None:
        namespaces = Namespaces(cluster, RIGHTS)
        await namespaces.round()
        found.extend(name for name in NAMES if namespaces.obstacle(name) is None)

    as_the_operator(api, work)
    api.rules.await_roles()
    return found


def test_the_operator_has_rights_where_the_label_is_and_nowhere_else(installed: ApiServer) -> None:
    assert not installed.may(OPERATOR, "get", "secrets", "labelled")
    assert look(installed) == ["labelled"]
    for verb, what in (("get", "secrets"), ("create", "jobs.batch"), ("create", "events")):
        assert installed.may(OPERATOR, verb, what, "labelled")
        for elsewhere in ("unlabelled", "kube-system", NAMESPACE):
            assert not installed.may(OPERATOR, verb, what, elsewhere)
    assert not installed.may(OPERATOR, "list", "secrets", "labelled")


def test_it_gives_them_back_when_the_label_goes(installed: ApiServer) -> None:
    assert look(installed) == ["labelled"]
    installed.kubectl("label", "namespace", "labelled", f"{LABEL}=false", "--overwrite")
    assert look(installed) == []
    assert not installed.may(OPERATOR, "get", "secrets", "labelled")


def test_looking_again_changes_nothing(installed: ApiServer) -> None:
    look(installed)
    before = installed.get("rolebinding", ROLE, "-n", "labelled")["metadata"]["resourceVersion"]
    look(installed)
    after = installed.get("rolebinding", ROLE, "-n", "labelled")["metadata"]["resourceVersion"]
    assert after == before


@pytest.mark.parametrize(
    ("verb", "what"),
    [
        ("create", "rolebindings.rbac.authorization.k8s.io"),
        ("patch", "rolebindings.rbac.authorization.k8s.io/other"),
        ("delete", "rolebindings.rbac.authorization.k8s.io/other"),
        ("list", "rolebindings.rbac.authorization.k8s.io"),
        ("bind", "clusterroles.rbac.authorization.k8s.io/edit"),
        ("patch", "namespaces"),
        ("get", "secrets"),
        ("get", "configmaps"),
        ("create", "jobs.batch"),
        ("create", "events"),
    ],
)
def test_without_the_label_it_may_do_nothing_that_matters(
    installed: ApiServer, verb: str, what: str
) -> None:
    for namespace in ("unlabelled", "kube-system"):
        assert not installed.may(OPERATOR, verb, what, namespace)


def from_the_cluster(api: ApiServer, *settings: str) -> str:
    """Which namespaces Helm has looked after when it upgrades, as the cluster has it now."""
    manifests = helm(
        *("template", RELEASE, str(CHART), "--namespace", NAMESPACE, "--is-upgrade"),
        *("--dry-run=server", "--kubeconfig", str(api.kubeconfig)),
        *("--show-only", "templates/operator-rbac.yaml", *settings),
    )
    return "Labelled" if ROLE in manifests else "All"


@pytest.mark.parametrize(
    ("resources", "settings", "looks_after"),
    [
        pytest.param(["secrets"], (), "All", id="one that looked after all of them goes on"),
        pytest.param(["pods"], (), "Labelled", id="one that knew the label goes on"),
        pytest.param(None, (), "Labelled", id="a new one knows the label"),
        pytest.param(
            ["secrets"], ("--set", "operator.namespaces=Labelled"), "Labelled", id="one is changed"
        ),
        pytest.param(["pods"], ("--set", "operator.namespaces=All"), "All", id="and changed back"),
    ],
)
def test_an_upgrade_stops_looking_after_nothing(
    installed: ApiServer,
    resources: list[str] | None,
    settings: tuple[str, ...],
    looks_after: str,
) -> None:
    installed.kubectl("delete", "clusterrole", "dandelion-operator")
    if resources is not None:
        role = {
            "apiVersion": "rbac.authorization.k8s.io/v1",
            "kind": "ClusterRole",
            "metadata": {"name": "dandelion-operator"},
            "rules": [{"apiGroups": [""], "resources": resources, "verbs": ["get"]}],
        }
        installed.kubectl("create", "-f", "-", stdin=json.dumps(role))
    assert from_the_cluster(installed, *settings) == looks_after
