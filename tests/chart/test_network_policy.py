"""The sample that closes serving pods lets in whoever has to come in, to pods of any release."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import pytest
import yaml
from dandelion_local import places

from tests.chart.rendering import NAMESPACE, render

SAMPLE = places.REPOSITORY / "k8s" / "samples" / "network-policy.yaml"
TESTS = places.REPOSITORY / "operator" / "tests"
OPERATORS_NAMESPACE = {"kubernetes.io/metadata.name": NAMESPACE}
STRANGER = ({"app": "anything"}, {"kubernetes.io/metadata.name": "elsewhere"})


def policy() -> dict[str, Any]:
    spec: dict[str, Any] = yaml.safe_load(SAMPLE.read_text())["spec"]
    return spec


def pod(made: str) -> dict[str, Any]:
    template: dict[str, Any] = yaml.safe_load((TESTS / made).read_text())["spec"]["template"]
    return template


def holds(selector: Mapping[str, Any], labels: Mapping[str, str]) -> bool:
    return bool(selector["matchLabels"].items() <= labels.items())


def reached(made: str, caller: Mapping[str, str], namespace: Mapping[str, str]) -> set[str]:
    """The names of a pod's ports that a pod with these labels reaches under the policy."""
    wanted = pod(made)
    ports = {item["name"] for found in wanted["spec"]["containers"] for item in found["ports"]}
    if not holds(policy()["podSelector"], wanted["metadata"]["labels"]):
        return ports
    return {
        item["port"]
        for rule in policy()["ingress"]
        for item in rule["ports"]
        if item["port"] in ports
        and any(
            holds(peer["namespaceSelector"], namespace)
            and ("podSelector" not in peer or holds(peer["podSelector"], caller))
            for peer in rule.get("from", [{"namespaceSelector": {"matchLabels": {}}}])
        )
    }


def operator() -> Mapping[str, str]:
    deployment = render().one("Deployment", "dandelion-operator")
    labels: Mapping[str, str] = deployment.spec["template"]["metadata"]["labels"]
    return labels


@pytest.mark.parametrize(
    ("made", "stranger", "of_the_operator"),
    [
        pytest.param(
            "golden/smallest-deployment.yaml", {"http"}, {"http", "metrics"}, id="serving"
        ),
        pytest.param("former/deployment.yaml", {"http"}, {"http"}, id="serving, of one port"),
        pytest.param("golden/smallest-job.yaml", {"metrics"}, {"metrics"}, id="training"),
    ],
)
def test_who_reaches_which_port(made: str, stranger: set[str], of_the_operator: set[str]) -> None:
    assert reached(made, *STRANGER) == stranger
    assert reached(made, operator(), OPERATORS_NAMESPACE) == of_the_operator


def test_prometheus_reaches_the_metrics() -> None:
    prometheus = ({"app": "prometheus"}, {"kubernetes.io/metadata.name": "monitoring"})
    assert "metrics" in reached("golden/smallest-deployment.yaml", *prometheus)
