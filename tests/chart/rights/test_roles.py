"""What the accounts of an installation may do, and no more."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest

from tests.chart.rendering import PROFILES, Rendered, render
from tests.chart.rights.roles import OF_A_NAMESPACE, RBAC, rules, told

READ_FROM_CACHES = ("discovery.k8s.io/endpointslices",)


def test_no_role_holds_a_wildcard() -> None:
    for values in PROFILES.values():
        rendered = render(values)
        for role in [*rendered.of("ClusterRole"), *rendered.of("Role")]:
            assert "*" not in str(role.content["rules"]), role.name


def test_the_operator_writes_only_what_it_makes(default: Rendered) -> None:
    elsewhere = rules(default, "ClusterRole", "dandelion-operator")
    allowed = rules(default, "ClusterRole", OF_A_NAMESPACE) | elsewhere
    writes = {(what, verb) for what, verb in allowed if verb not in ("get", "list", "watch")}
    assert writes == {
        (f"{RBAC}/rolebindings", "create"),
        (f"{RBAC}/rolebindings", "patch"),
        (f"{RBAC}/rolebindings", "delete"),
        (f"{RBAC}/clusterroles", "bind"),
        ("dandelion.dev/modeldeployments/status", "update"),
        ("dandelion.dev/modeldeployments/finalizers", "update"),
        ("batch/jobs", "create"),
        ("batch/jobs", "patch"),
        ("batch/jobs", "delete"),
        ("apps/deployments", "create"),
        ("apps/deployments", "patch"),
        ("policy/poddisruptionbudgets", "create"),
        ("policy/poddisruptionbudgets", "patch"),
        ("policy/poddisruptionbudgets", "delete"),
        ("networking.k8s.io/networkpolicies", "create"),
        ("networking.k8s.io/networkpolicies", "patch"),
        ("networking.k8s.io/networkpolicies", "delete"),
        ("services", "create"),
        ("services", "patch"),
        ("secrets", "create"),
        ("secrets", "patch"),
        ("serviceaccounts", "create"),
        ("serviceaccounts", "patch"),
        ("events", "create"),
        ("events", "patch"),
    }
    assert ("secrets", "list") not in allowed
    for watched in ("batch/jobs", "apps/deployments", "services", "pods", *READ_FROM_CACHES):
        assert {(watched, "list"), (watched, "watch")} <= allowed
    of_slices = {verb for what, verb in allowed if what in READ_FROM_CACHES}
    assert of_slices == {"list", "watch"}


def test_outside_of_its_namespaces_the_operator_sees_no_secrets_and_makes_nothing(
    default: Rendered,
) -> None:
    role = default.one("ClusterRole", "dandelion-operator").content
    named = [rule for rule in role["rules"] if rule["apiGroups"] == [RBAC]]
    assert all(rule["resourceNames"] == [OF_A_NAMESPACE] for rule in named)
    others = {
        (what, verb)
        for what, verb in rules(default, "ClusterRole", "dandelion-operator")
        if not what.startswith(RBAC) and verb not in ("list", "watch")
    }
    assert others == {
        ("dandelion.dev/modeldeployments", "get"),
        ("dandelion.dev/modeldeployments/status", "update"),
    }
    seen = {what for what, _ in rules(default, "ClusterRole", "dandelion-operator")}
    assert not {"secrets", "configmaps", "serviceaccounts", "events"} & seen
    for binding in default.of("ClusterRoleBinding"):
        assert binding.content["roleRef"]["name"] != OF_A_NAMESPACE


def test_the_operator_is_told_which_role_to_bind_and_to_whom(default: Rendered) -> None:
    assert told(default)["DANDELION_NAMESPACE_ROLE"] == OF_A_NAMESPACE
    account = default.one("Deployment", "dandelion-operator").pod["spec"]["serviceAccountName"]
    assert told(default)["DANDELION_SERVICE_ACCOUNT"] == account


@pytest.mark.parametrize(
    ("values", "policy"),
    [
        pytest.param({"operator": {"namespaces": "All"}}, True, id="all of them"),
        pytest.param({"operator": {"watchNamespaces": ["a"]}}, False, id="those with a role"),
        pytest.param(
            {"operator": {"watchNamespaces": ["a"]}, "rbac": {"policy": True}},
            True,
            id="those with a role, held by the policy",
        ),
        pytest.param({"rbac": {"create": False}}, False, id="whatever an administrator gave"),
    ],
)
def test_where_no_label_counts_no_role_is_bound(values: Mapping[str, Any], policy: bool) -> None:
    rendered = render(values)
    assert "DANDELION_NAMESPACE_ROLE" not in told(rendered)
    assert OF_A_NAMESPACE not in {role.name for role in rendered.of("ClusterRole")}
    policies = {item.name for item in rendered.of("ValidatingAdmissionPolicy")}
    assert ("dandelion-operator" in policies) is policy


def test_looking_after_all_of_them_is_a_role_that_reads_every_secret() -> None:
    rendered = render({"operator": {"namespaces": "All"}})
    allowed = rules(rendered, "ClusterRole", "dandelion-operator")
    assert {("secrets", "get"), ("batch/jobs", "create"), ("pods", "watch")} <= allowed
    assert OF_A_NAMESPACE not in str(rendered.one("ClusterRole", "dandelion-operator").content)


def test_watching_some_namespaces_needs_no_cluster_role() -> None:
    rendered = render(
        {"operator": {"watchNamespaces": ["team-a", "team-b"]}, "rbac": {"aggregate": False}}
    )
    assert not rendered.of("ClusterRole")
    assert not rendered.of("ClusterRoleBinding")
    namespaces = {
        role.content["metadata"]["namespace"]
        for role in rendered.of("Role")
        if role.name == "dandelion-operator"
    }
    assert namespaces == {"team-a", "team-b"}


def test_who_may_predict_and_who_may_send_feedback_are_two_roles(default: Rendered) -> None:
    for what in ("predict", "feedback"):
        assert rules(default, "ClusterRole", f"dandelion-{what}") == {
            (f"dandelion.dev/modeldeployments/{what}", "create")
        }


def test_the_key_maker_may_only_create_secrets(default: Rendered) -> None:
    assert rules(default, "Role", "dandelion-credentials") == {("secrets", "create")}
