"""podTemplates: the resource's over the installation's, over what the operator makes of itself."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import given
import golden
import pytest
from dandelion_operator.api import digests
from dandelion_operator.api.location import Defaults
from dandelion_operator.api.resource import InvalidResource, Resource, parse
from dandelion_operator.api.spec.pods.template import PodTemplate
from dandelion_operator.loop.apply import builders
from dandelion_operator.loop.decide.plan.jobs import StartTraining

Json = dict[str, Any]
RUN = StartTraining("run1", "hash1", "Created", "images-1", "none", images=1000)


def training(resource: Resource, defaults: Defaults = given.DEFAULTS) -> Json:
    return builders.job(resource, RUN, given.place(resource), defaults)


def serving(resource: Resource, defaults: Defaults = given.DEFAULTS) -> Json:
    target = given.version(3).target
    return builders.deployment(resource, target, given.place(resource), defaults)


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


def test_labels_reach_pods_and_what_makes_them_and_take_nothing_of_the_operators() -> None:
    metadata = {"labels": {"kueue.x-k8s.io/queue-name": "batch"}, "annotations": {"a": "b"}}
    built = training(given.resource(training={"podTemplate": {"metadata": metadata}}))
    template = built["spec"]["template"]["metadata"]
    assert template["annotations"] == {"a": "b"}
    for labels in (built["metadata"]["labels"], template["labels"]):
        assert labels["kueue.x-k8s.io/queue-name"] == "batch"
        assert labels["dandelion.dev/run"] == "run1"
    plain = serving(given.resource())
    assert (
        plain["spec"]["selector"]
        == serving(given.resource(serving={"podTemplate": {"metadata": metadata}}))["spec"][
            "selector"
        ]
    ), "it cannot be changed later"


def test_serving_spreads_by_hostname_until_told_otherwise() -> None:
    def spread(*constraints: Json) -> list[tuple[str, str]]:
        template = {"spec": {"topologySpreadConstraints": constraints}}
        built = serving(given.resource(serving={"podTemplate": template}))
        found = built["spec"]["template"]["spec"]["topologySpreadConstraints"]
        assert all("dandelion.dev/modeldeployment" in str(item["labelSelector"]) for item in found)
        return [(item["topologyKey"], item["whenUnsatisfiable"]) for item in found]

    def constraint(key: str) -> Json:
        return {"topologyKey": key, "maxSkew": 1, "whenUnsatisfiable": "DoNotSchedule"}

    host, zone = "kubernetes.io/hostname", "topology.kubernetes.io/zone"
    assert spread() == [(host, "ScheduleAnyway")]
    assert spread(constraint(zone)) == [(host, "ScheduleAnyway"), (zone, "DoNotSchedule")]
    assert spread(constraint(host)) == [(host, "DoNotSchedule")]


def test_pods_that_ask_who_calls_keep_their_account_whatever_the_installation_says() -> None:
    default = PodTemplate.model_validate({"spec": {"serviceAccountName": "team"}})
    defaults = replace(given.DEFAULTS, inference_template=default)

    def account(**section: Any) -> str:
        built = serving(given.resource(serving=section), defaults)
        return str(built["spec"]["template"]["spec"]["serviceAccountName"])

    assert account() == "team"
    assert account(auth="ClusterTokens") == "lawn-inference"


def test_openshift_chooses_the_ids_of_pods_and_nothing_else_is_loosened() -> None:
    free = replace(given.DEFAULTS, fixed_ids=False)
    for built in (training(given.resource(), free), serving(given.resource(), free)):
        assert built["spec"]["template"]["spec"]["securityContext"] == {
            "runAsNonRoot": True,
            "seccompProfile": {"type": "RuntimeDefault"},
        }


def hashes(**sections: Any) -> tuple[str, str]:
    resource = given.resource(**sections)
    target = given.version(3).target
    return digests.training_hash(resource), digests.serving(resource, target, given.place(resource))


def test_a_template_of_serving_is_a_rollout_and_one_of_training_is_no_new_run() -> None:
    template = {"spec": {"priorityClassName": "low"}}
    before = hashes()
    assert hashes(serving={"podTemplate": None}) == before
    assert hashes(training={"podTemplate": template}) == before
    trained, served = hashes(serving={"podTemplate": template})
    assert (trained == before[0], served == before[1]) == (True, False)


@pytest.mark.parametrize(
    ("section", "template", "words"),
    [
        pytest.param(
            "training",
            {"metadata": {"labels": {"dandelion.dev/run": "x"}}},
            "dandelion.dev/run is the operator's own",
            id="a label of the operator's",
        ),
        pytest.param(
            "training",
            {"spec": container(env=[{"name": "DANDELION_EPOCHS", "value": "3"}])},
            "DANDELION_EPOCHS is set by the operator",
            id="a variable of the operator's",
        ),
        pytest.param(
            "training",
            {"spec": {"volumes": [{"name": "s3"}]}},
            "s3 holds the S3 keys",
            id="a volume of the operator's",
        ),
        pytest.param(
            "training",
            {
                "spec": container(
                    volumeMounts=[{"name": "a", "mountPath": "/var/run/secrets/dandelion/s3"}]
                )
            },
            "is where the S3 keys are",
            id="a folder of the operator's",
        ),
        pytest.param(
            "serving",
            {"spec": container("training")},
            "no container is called training; write inference",
            id="another container",
        ),
        pytest.param(
            "serving",
            {"spec": {"securityContext": {"runAsUser": 0}}},
            "greater than or equal to 1",
            id="root",
        ),
    ],
)
def test_what_the_operator_sets_cannot_be_replaced(
    section: str, template: Json, words: str
) -> None:
    body = {
        "metadata": {"namespace": "default", "name": "lawn", "uid": "u"},
        "spec": {
            "dataset": {"storageUri": "s3://datasets/lawn"},
            section: {"podTemplate": template},
        },
    }
    found = parse(body)
    assert isinstance(found, InvalidResource)
    assert words in found.message


def test_half_a_processor_reaches_the_pod_as_kubernetes_writes_it() -> None:
    pod = pod_of(None, resources={"requests": {"cpu": 0.5, "memory": 1}, "limits": {"cpu": "1"}})
    asked = pod["containers"][0]["resources"]
    assert (asked["requests"]["cpu"], asked["requests"]["memory"]) == ("0.5", 1)
    assert asked["limits"] == {"cpu": "1"}
