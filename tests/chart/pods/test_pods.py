"""What an installation says about pods reaches its own and those that the operator makes."""

from __future__ import annotations

import json
from typing import Any

import pytest
from dandelion_operator.api.spec.pods.scheduling import ComputeResources
from dandelion_operator.api.spec.pods.template import PodTemplate

from tests.chart.rendering import HelmError, render

OPENSHIFT = ("--api-versions", "security.openshift.io/v1")
IDS = {"runAsUser", "runAsGroup", "fsGroup"}


def operator(values: dict[str, Any] | None = None, *options: str) -> dict[str, str]:
    """The environment of the operator."""
    (container,) = render(values, *options).one("Deployment", "dandelion-operator").containers
    return {item["name"]: item.get("value", "") for item in container["env"]}


@pytest.mark.parametrize(
    ("values", "options", "fixed"),
    [
        pytest.param({}, (), True, id="a cluster like most"),
        pytest.param({}, OPENSHIFT, False, id="OpenShift"),
        pytest.param({"podSecurity": {"fixedIds": True}}, OPENSHIFT, True, id="fixed all the same"),
        pytest.param({"podSecurity": {"fixedIds": False}}, (), False, id="the cluster's choice"),
    ],
)
def test_whose_ids_the_pods_of_the_chart_run_with(
    values: dict[str, Any], options: tuple[str, ...], fixed: bool
) -> None:
    for workload in render(values, *options).workloads():
        context = workload.pod["spec"]["securityContext"]
        assert context.keys() & IDS == (IDS if fixed else set()), workload.name
        assert context["runAsNonRoot"] is True


def test_the_operator_is_told_whose_ids_its_pods_run_with() -> None:
    assert operator()["DANDELION_FIXED_IDS"] == "auto"
    assert operator({"podSecurity": {"fixedIds": False}})["DANDELION_FIXED_IDS"] == "false"


def test_the_operator_reads_the_resources_and_templates_of_its_pods() -> None:
    template = {
        "metadata": {"labels": {"team": "garden"}},
        "spec": {
            "imagePullSecrets": [{"name": "mine"}],
            "containers": [{"name": "training", "env": [{"name": "A", "value": "1"}]}],
        },
    }
    resources = {"limits": {"cpu": 4, "ephemeral-storage": "50Gi"}}
    told = operator({"training": {"podTemplate": template, "resources": resources}})
    read = PodTemplate.model_validate(json.loads(told["DANDELION_TRAINING_POD_TEMPLATE"]))
    assert read.metadata.labels == {"team": "garden"}
    assert read.pod == template["spec"]
    asked = ComputeResources.model_validate(json.loads(told["DANDELION_TRAINING_RESOURCES"]))
    assert asked.limits == {"cpu": 4, "ephemeral-storage": "50Gi", "memory": "8Gi"}
    assert "DANDELION_INFERENCE_POD_TEMPLATE" not in told


@pytest.mark.parametrize(
    ("values", "said"),
    [
        pytest.param(
            {"training": {"podTemplate": {"spec": {"hostNetwork": True}}}},
            "hostNetwork",
            id="a field that is not merged",
        ),
        pytest.param(
            {"inference": {"podTemplate": {"spec": {"containers": [{"name": "training"}]}}}},
            "/inference/podTemplate/spec/containers/0/name",
            id="another container",
        ),
        pytest.param(
            {
                "training": {
                    "podTemplate": {
                        "spec": {
                            "containers": [
                                {"name": "training", "env": [{"name": "DANDELION_EPOCHS"}]}
                            ]
                        }
                    }
                }
            },
            "/training/podTemplate/spec/containers/0/env/0/name",
            id="a variable of the operator's",
        ),
        pytest.param(
            {"training": {"podTemplate": {"metadata": {"labels": {"dandelion.dev/run": "x"}}}}},
            "invalid propertyName 'dandelion.dev/run'",
            id="a label of the operator's",
        ),
        pytest.param({"operator": {"replicas": 0}}, "/operator/replicas", id="no operator"),
    ],
)
def test_what_the_operator_could_not_honour_is_refused(values: dict[str, Any], said: str) -> None:
    with pytest.raises(HelmError, match=said):
        render(values)


def test_two_operators_are_kept_apart_and_not_put_out_together() -> None:
    rendered = render({"operator": {"replicas": 2}})
    deployment = rendered.one("Deployment", "dandelion-operator")
    assert deployment.spec["replicas"] == 2
    labels = deployment.pod["metadata"]["labels"]
    (spread,) = deployment.pod["spec"]["topologySpreadConstraints"]
    budget = rendered.one("PodDisruptionBudget", "dandelion-operator")
    assert budget.spec["maxUnavailable"] == 1
    for selector in (spread["labelSelector"], budget.spec["selector"]):
        assert selector["matchLabels"].items() <= labels.items()


def test_one_operator_holds_no_drained_node_up() -> None:
    rendered = render()
    assert rendered.one("Deployment", "dandelion-operator").spec["replicas"] == 1
    assert not rendered.of("PodDisruptionBudget")
