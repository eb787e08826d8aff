"""Who may ask the cluster who calls, and how serving is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
from dandelion_inference.reviewer.settings import Settings

from tests.chart.rendering import NAMESPACE, PROFILES, Rendered, render
from tests.chart.rights.roles import OF_A_NAMESPACE, RBAC, rules, rules_of

FORMER_BINDING, REVIEWER = "dandelion-token-reviewers", "dandelion-token-reviewer"
REVIEWS = {
    ("authentication.k8s.io/tokenreviews", "create"),
    ("authorization.k8s.io/subjectaccessreviews", "create"),
}


def test_roles_of_somebody_elses_are_left_to_them() -> None:
    """A binding that the operator may not even look at would be a warning a minute, for ever."""
    (container,) = (
        render({"rbac": {"create": False}}).one("Deployment", "dandelion-operator").containers
    )
    told = {item["name"] for item in container["env"]}
    assert "DANDELION_TOKEN_REVIEWER_URL" in told
    assert "DANDELION_TOKEN_REVIEWER_BINDING" not in told


def test_of_rbac_the_operator_may_take_one_binding_away_and_give_nobody_anything(
    default: Rendered,
) -> None:
    role = default.one("ClusterRole", "dandelion-operator-reviewers").content
    assert [
        (rule["resources"], rule["resourceNames"], rule["verbs"]) for rule in role["rules"]
    ] == [(["clusterrolebindings"], [FORMER_BINDING], ["get", "delete"])]
    known = (role["metadata"]["name"], "dandelion-operator", OF_A_NAMESPACE)
    others = [item for item in default.of("ClusterRole") if item.name not in known]
    assert RBAC not in str([item.content["rules"] for item in others])


@pytest.mark.parametrize(
    "profile", ["the defaults", "namespaced, with PostgreSQL and every knob turned"]
)
def test_one_account_reviews_tokens_for_serving_and_may_do_nothing_else(profile: str) -> None:
    rendered = render(PROFILES[profile])
    roles = [*rendered.of("ClusterRole"), *rendered.of("Role")]
    asking = ("authorization.k8s.io/subjectaccessreviews", "create")
    reviewing = {item.name for item in roles if asking in rules_of(item.content)}
    (role,) = {name for name in reviewing if not name.endswith(("-mlflow", "-console-asks"))}
    assert role.endswith("-token-reviewer")
    assert rules(rendered, "ClusterRole", role) == REVIEWS
    bound = {
        item.name: item.content.get("subjects", [])
        for item in rendered.of("ClusterRoleBinding")
        if item.content["roleRef"]["name"] == role
    }
    (namespace,) = {item.content["metadata"]["namespace"] for item in rendered.of("Deployment")}
    account = {"kind": "ServiceAccount", "name": role, "namespace": namespace}
    assert bound == {role: [account], f"{role}s": []}
    everywhere = [*rendered.of("ClusterRoleBinding"), *rendered.of("RoleBinding")]
    bindings = [item.name for item in everywhere if account in item.content.get("subjects", [])]
    assert bindings == [role]
    (workload,) = (
        item for item in rendered.workloads() if item.pod["spec"].get("serviceAccountName") == role
    )
    assert workload.labels["app.kubernetes.io/component"] == "token-reviewer"


def test_serving_is_told_where_the_token_reviewer_answers(default: Rendered) -> None:
    (container,) = default.one("Deployment", "dandelion-operator").containers
    told = {item["name"]: item.get("value") for item in container["env"]}
    assert told["DANDELION_TOKEN_REVIEWER_BINDING"] == FORMER_BINDING
    assert told["DANDELION_TOKEN_REVIEWER_URL"] == f"http://{REVIEWER}.{NAMESPACE}.svc"
    service = default.one("Service", REVIEWER).content["spec"]
    assert service["ports"] == [{"name": "http", "port": 80, "targetPort": "http"}]
    deployment = default.one("Deployment", REVIEWER)
    assert service["selector"].items() <= deployment.pod["metadata"]["labels"].items()
    (container,) = deployment.containers
    ports = {item["name"]: item["containerPort"] for item in container["ports"]}
    settings = Settings.model_fields
    assert ports == {"http": settings["port"].default, "metrics": settings["probes_port"].default}
    assert container["command"] == ["python", "-m", "dandelion_inference.reviewer"]


@pytest.mark.parametrize(("replicas", "budgets"), [(1, 0), (2, 1)])
def test_of_two_token_reviewers_one_stays_while_a_node_is_drained(
    replicas: int, budgets: int
) -> None:
    rendered = render({"tokenReviewer": {"replicas": replicas}})
    found = [item for item in rendered.of("PodDisruptionBudget") if item.name == REVIEWER]
    assert len(found) == budgets
    deployment = rendered.one("Deployment", REVIEWER)
    assert deployment.content["spec"]["replicas"] == replicas
    for budget in found:
        assert budget.content["spec"]["maxUnavailable"] == 1
        selected = budget.content["spec"]["selector"]["matchLabels"].items()
        assert selected <= deployment.pod["metadata"]["labels"].items()


def test_the_token_reviewer_is_another_image_where_inference_has_one_of_ones_own() -> None:
    def images(**values: Any) -> list[str]:
        rendered = render({"inference": {"image": {"repository": "own", "tag": "7"}}, **values})
        return [item["image"] for item in rendered.one("Deployment", REVIEWER).containers]

    assert images() == ["own:7"]
    assert images(tokenReviewer={"image": {"repository": "ours", "tag": "1"}}) == ["ours:1"]


@pytest.mark.parametrize(
    ("values", "possible"),
    [
        pytest.param({}, True, id="everywhere"),
        pytest.param({"rbac": {"clusterTokens": False}}, False, id="turned off"),
        pytest.param({"operator": {"watchNamespaces": ["a"]}}, False, id="without cluster roles"),
        pytest.param(
            {"operator": {"watchNamespaces": ["a"]}, "rbac": {"clusterTokens": True}},
            True,
            id="in some namespaces, turned on",
        ),
    ],
)
def test_serving_pods_have_somebody_to_ask_who_calls(
    values: Mapping[str, Any], possible: bool
) -> None:
    rendered = render(values)
    for kind in ("ClusterRoleBinding", "ClusterRole", "Deployment", "Service", "ServiceAccount"):
        assert (REVIEWER in {item.name for item in rendered.of(kind)}) is possible
    (container,) = rendered.one("Deployment", "dandelion-operator").containers
    told = {item["name"] for item in container["env"]}
    for name in ("DANDELION_TOKEN_REVIEWER_URL", "DANDELION_TOKEN_REVIEWER_BINDING"):
        assert (name in told) is possible


def test_without_roles_of_the_chart_the_token_reviewer_waits_for_its_own() -> None:
    rendered = render({"rbac": {"create": False}})
    assert rendered.one("Deployment", REVIEWER)
    assert REVIEWER not in {item.name for item in rendered.of("ClusterRole")}
