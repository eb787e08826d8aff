"""What the operator sets of a pod stays, whatever a podTemplate or the installation says."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import given
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


def container(name: str = "training", **about: Any) -> Json:
    return {"containers": [{"name": name} | about]}


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


@pytest.mark.parametrize("auth", ["None", "ClusterTokens"])
def test_serving_runs_as_the_account_that_the_installation_names(auth: str) -> None:
    default = PodTemplate.model_validate({"spec": {"serviceAccountName": "team"}})
    defaults = replace(given.DEFAULTS, inference_template=default)
    spec = serving(given.resource(serving={"auth": auth}), defaults)["spec"]["template"]["spec"]
    assert spec["serviceAccountName"] == "team"
    assert spec["automountServiceAccountToken"] is False


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
