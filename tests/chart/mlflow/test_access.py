"""Where MLflow asks the cluster, the parts of the chart agree on who is who to it."""

from __future__ import annotations

from typing import Any

import pytest

from tests.chart.rendering import Rendered, render

GROUP = "mlflow.kubeflow.org"


@pytest.fixture(scope="module")
def rendered() -> Rendered:
    return render()


def environment(rendered: Rendered, name: str) -> dict[str, str]:
    (container,) = rendered.one("Deployment", name).containers
    return {item["name"]: item.get("value", "") for item in container["env"]}


def rules(rendered: Rendered, name: str) -> dict[str, set[str]]:
    """What a ClusterRole allows to do with MLflow."""
    found: dict[str, set[str]] = {}
    for rule in rendered.one("ClusterRole", name).content["rules"]:
        if rule["apiGroups"] == [GROUP]:
            for resource in rule["resources"]:
                found.setdefault(resource, set()).update(rule["verbs"])
    return found


def moves_aliases(allowed: dict[str, set[str]]) -> bool:
    return "update" in allowed.get("registeredmodels/alias", ())


def test_operator_and_mlflow_agree_on_the_audience_of_tokens(rendered: Rendered) -> None:
    audience = environment(rendered, "dandelion-mlflow")["DANDELION_MLFLOW_AUDIENCE"]
    told = environment(rendered, "dandelion-operator")
    assert told["DANDELION_MLFLOW_AUDIENCE"] == audience
    pod = rendered.one("Deployment", "dandelion-operator").pod["spec"]
    (volume,) = (item for item in pod["volumes"] if item["name"] == "mlflow-token")
    token = volume["projected"]["sources"][0]["serviceAccountToken"]
    assert token["audience"] == audience
    (container,) = pod["containers"]
    (mount,) = (item for item in container["volumeMounts"] if item["name"] == "mlflow-token")
    assert told["DANDELION_MLFLOW_TOKEN_FILE"] == f"{mount['mountPath']}/{token['path']}"


def test_the_operator_binds_the_role_that_there_is_for_training(rendered: Rendered) -> None:
    role = environment(rendered, "dandelion-operator")["DANDELION_MLFLOW_TRAINING_ROLE"]
    assert rules(rendered, role)
    operator: list[dict[str, Any]] = rendered.one(
        "ClusterRole", "dandelion-operator-namespace"
    ).content["rules"]
    (bound,) = (rule for rule in operator if "bind" in rule["verbs"])
    assert bound["resourceNames"] == [role]


def test_an_alias_is_moved_by_the_operator_and_by_administrators_alone(rendered: Rendered) -> None:
    names = ("operator", "training", "view", "edit", "admin")
    may = {name for name in names if moves_aliases(rules(rendered, f"dandelion-mlflow-{name}"))}
    assert may == {"operator", "admin"}


def test_who_looks_at_a_namespace_changes_nothing_in_mlflow(rendered: Rendered) -> None:
    assert set().union(*rules(rendered, "dandelion-mlflow-view").values()) == {"get", "list"}


def test_a_right_that_was_taken_is_gone_within_a_minute(rendered: Rendered) -> None:
    """Whose a token is, MLflow remembers for as long again."""
    told = environment(rendered, "dandelion-mlflow")
    assert 2 * float(told["MLFLOW_K8S_AUTH_CACHE_TTL_SECONDS"]) <= 60


CHOICES: dict[str, tuple[dict[str, Any], bool]] = {
    "nothing said": ({}, True),
    "no roles by the chart": ({"rbac": {"create": False}}, False),
    "no cluster roles": ({"operator": {"watchNamespaces": ["team-a"]}}, False),
    "no cluster roles but this one": (
        {"operator": {"watchNamespaces": ["team-a"]}, "mlflow": {"auth": {"mode": "Kubernetes"}}},
        True,
    ),
    "everybody": ({"mlflow": {"auth": {"mode": "None"}}}, False),
}


@pytest.mark.parametrize("choice", CHOICES)
def test_mlflow_asks_the_cluster_where_it_can_and_nobody_says_otherwise(choice: str) -> None:
    values, asks = CHOICES[choice]
    found = render(values)
    assert ("DANDELION_MLFLOW_AUTH" in environment(found, "dandelion-mlflow")) is asks
    assert ("DANDELION_MLFLOW_AUDIENCE" in environment(found, "dandelion-operator")) is asks
    assert any(GROUP in str(item.content) for item in found.of("ClusterRole")) is asks


def test_without_it_nothing_is_bound() -> None:
    plain = render({"mlflow": {"auth": {"mode": "None"}}})
    role = plain.one("ClusterRole", "dandelion-operator-namespace").content
    assert "rolebindings" not in str(role)


@pytest.mark.parametrize(
    ("mode", "account"), [("Kubernetes", "dandelion-mlflow"), ("None", "default")]
)
def test_the_account_is_one_that_there_is_whichever_way_the_mode_is_changed(
    mode: str, account: str
) -> None:
    rendered = render({"mlflow": {"auth": {"mode": mode}}})
    pod = rendered.one("Deployment", "dandelion-mlflow").pod["spec"]
    assert pod["serviceAccountName"] == account
    assert account in {"default", *(item.name for item in rendered.of("ServiceAccount"))}
