"""podTemplates: the resource's over the installation's, over what the operator makes of itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import given
import golden
import pytest
from dandelion_operator.api.location import Defaults
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.spec.pods.template import PodTemplate
from dandelion_operator.loop.apply import builders
from dandelion_operator.loop.decide.plan.jobs import StartTraining

Json = dict[str, Any]
RUN = StartTraining("run1", "hash1", "Created", "images-1", "none", images=1000)


def training(resource: Resource, defaults: Defaults = given.DEFAULTS) -> Json:
    return builders.job(resource, RUN, given.place(resource), defaults)


def pod_of(template: Json | None, default: Json | None = None, **section: Any) -> Json:
    """The training pod with such a template over such an installation's."""
    added = {"podTemplate": {"spec": template}} if template is not None else {}
    over = PodTemplate.model_validate({"spec": default}) if default is not None else None
    resource = given.resource(training=section | added)
    built = training(resource, replace(given.DEFAULTS, training_template=over))
    pod: Json = built["spec"]["template"]["spec"]
    return pod


def container(name: str = "training", **about: Any) -> Json:
    return {"containers": [{"name": name} | about]}


def named(pod: Json, field: str, name: str) -> list[Json]:
    return [item for item in pod[field] if item["name"] == name]


def test_nothing_said_changes_nothing() -> None:
    assert pod_of({}, {}) == pod_of(None)


@pytest.mark.parametrize(
    ("template", "default", "field", "expected"),
    [
        pytest.param({}, {"priorityClassName": "low"}, "priorityClassName", "low", id="a default"),
        pytest.param(
            {"priorityClassName": "high"},
            {"priorityClassName": "low"},
            "priorityClassName",
            "high",
            id="the resource over the default",
        ),
        pytest.param(
            {"imagePullSecrets": [{"name": "mine"}]},
            {"imagePullSecrets": [{"name": "all"}]},
            "imagePullSecrets",
            [{"name": "all"}, {"name": "mine"}],
            id="pull secrets are put together",
        ),
        pytest.param(
            {"nodeSelector": {"disk": "ssd"}},
            {"nodeSelector": {"pool": "a", "disk": "any"}},
            "nodeSelector",
            {"pool": "a", "disk": "ssd"},
            id="maps by key",
        ),
        pytest.param(
            {"tolerations": [{"key": "b"}, {"key": "a"}]},
            {"tolerations": [{"key": "a"}]},
            "tolerations",
            [{"key": "a"}, {"key": "b"}],
            id="tolerations are put together",
        ),
        pytest.param(
            {"affinity": {"nodeAffinity": {"b": [2]}}},
            {"affinity": {"nodeAffinity": {"a": [1], "b": [1]}, "podAffinity": {"c": [3]}}},
            "affinity",
            {"nodeAffinity": {"a": [1], "b": [2]}, "podAffinity": {"c": [3]}},
            id="affinity by key, its lists as a whole",
        ),
        pytest.param(
            {"securityContext": {"fsGroup": 5}},
            {"securityContext": {"runAsUser": 7}},
            "securityContext",
            {
                "runAsNonRoot": True,
                "runAsUser": 7,
                "runAsGroup": 65532,
                "fsGroup": 5,
                "seccompProfile": {"type": "RuntimeDefault"},
            },
            id="IDs over the project's own",
        ),
    ],
)
def test_the_later_word_counts(template: Json, default: Json, field: str, expected: Any) -> None:
    assert pod_of(template, default)[field] == expected


def test_the_sections_own_placement_wins_over_the_installations() -> None:
    pod = pod_of(
        None,
        {"nodeSelector": {"pool": "cpu"}, "tolerations": [{"key": "a"}]},
        nodeSelector={"pool": "gpu"},
        tolerations=[{"key": "b", "operator": "Exists"}],
    )
    assert pod["nodeSelector"] == {"pool": "gpu"}
    assert pod["tolerations"] == [{"key": "a"}, {"key": "b", "operator": "Exists"}]


def test_variables_and_mounts_are_merged_by_name_and_keep_the_operators() -> None:
    pod = pod_of(
        container(
            env=[{"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}],
            volumeMounts=[{"name": "cache", "mountPath": "/cache"}],
        ),
        container(env=[{"name": "A", "value": "1"}, {"name": "B", "value": "2"}]),
    )
    (main,) = pod["containers"]
    assert named(main, "env", "A") == [
        {"name": "A", "valueFrom": {"fieldRef": {"fieldPath": "metadata.name"}}}
    ]
    assert named(main, "env", "B") == [{"name": "B", "value": "2"}]
    assert named(main, "env", "DANDELION_EPOCHS") == [{"name": "DANDELION_EPOCHS", "value": "10"}]
    assert named(main, "volumeMounts", "cache") == [{"name": "cache", "mountPath": "/cache"}]
    assert named(main, "volumeMounts", "s3")
    assert main["image"] == "training:1"


def test_a_volume_takes_the_place_of_its_namesake_as_a_whole() -> None:
    claim = {"volumeClaimTemplate": {"spec": {"resources": {"requests": {"storage": "1Ti"}}}}}
    pod = pod_of({"volumes": [{"name": "work", "ephemeral": claim}]})
    assert named(pod, "volumes", "work") == [{"name": "work", "ephemeral": claim}]
    assert named(pod, "volumes", "s3")


@pytest.mark.parametrize(
    ("volume", "asks"),
    [
        pytest.param({"emptyDir": {"sizeLimit": "9Gi"}}, True, id="the node's disk, bounded"),
        pytest.param({"emptyDir": {"medium": "Memory"}}, False, id="memory"),
        pytest.param({"ephemeral": {}}, False, id="a volume of its own"),
    ],
)
def test_the_node_is_asked_for_disk_where_it_is_the_nodes(volume: Json, asks: bool) -> None:
    pod = pod_of({"volumes": [{"name": "work"} | volume]})
    assert ("ephemeral-storage" in pod["containers"][0]["resources"]["requests"]) is asks


def test_a_job_that_only_evaluates_runs_under_the_same_template() -> None:
    resource = given.resource(
        training={
            "podTemplate": {
                "spec": {"priorityClassName": "low"}
                | container(env=[{"name": "HTTPS_PROXY", "value": "http://proxy"}])
            }
        }
    )
    built = builders.evaluation_job(
        resource, golden.EVALUATION, given.place(resource), given.DEFAULTS
    )
    pod = built["spec"]["template"]["spec"]
    assert pod["priorityClassName"] == "low"
    (main,) = pod["containers"]
    assert main["name"] == "evaluation"
    assert named(main, "env", "HTTPS_PROXY")


def test_half_a_processor_reaches_the_pod_as_kubernetes_writes_it() -> None:
    pod = pod_of(None, resources={"requests": {"cpu": 0.5, "memory": 1}, "limits": {"cpu": "1"}})
    asked = pod["containers"][0]["resources"]
    assert (asked["requests"]["cpu"], asked["requests"]["memory"]) == ("0.5", 1)
    assert asked["limits"] == {"cpu": "1"}
