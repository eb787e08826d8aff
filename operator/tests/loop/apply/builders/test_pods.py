"""All pods that the operator makes, by the properties that users and clusters rely on."""

from __future__ import annotations

from typing import Any

import given
import pytest
from dandelion_operator.api import naming
from dandelion_operator.api.resource import NamespacedName, Resource
from dandelion_operator.loop.apply import builders
from dandelion_operator.ports.s3.credentials import Credentials
from given.workloads import PLAIN, deployment, environment, evaluation, job, pod

EACH = pytest.mark.parametrize(
    "workload",
    [job(), evaluation(), deployment()],
    ids=["training", "evaluation", "inference"],
)


@EACH
def test_pods_pass_pod_security_restricted(workload: dict[str, Any]) -> None:
    spec = pod(workload)
    assert spec["securityContext"]["runAsNonRoot"] is True
    assert spec["securityContext"]["seccompProfile"] == {"type": "RuntimeDefault"}
    for container in spec["containers"]:
        context = container["securityContext"]
        assert context["allowPrivilegeEscalation"] is False
        assert context["capabilities"] == {"drop": ["ALL"]}
        assert context["readOnlyRootFilesystem"] is True
    kinds = {key for volume in spec["volumes"] for key in volume if key != "name"}
    assert kinds == {"emptyDir", "secret"}


@EACH
def test_pods_hold_no_token_and_no_stray_environment(workload: dict[str, Any]) -> None:
    assert pod(workload)["automountServiceAccountToken"] is False
    assert pod(workload)["enableServiceLinks"] is False


@EACH
def test_pods_ask_for_resources_and_are_bounded_in_memory(workload: dict[str, Any]) -> None:
    resources = pod(workload)["containers"][0]["resources"]
    assert set(resources["requests"]) == {"cpu", "memory"}
    assert "memory" in resources["limits"]


@EACH
def test_keys_are_files_and_never_in_the_environment(workload: dict[str, Any]) -> None:
    assert not any("AWS" in name for name in environment(workload))
    for secret in (item["secret"] for item in pod(workload)["volumes"] if "secret" in item):
        assert [item["key"] for item in secret["items"]] == [
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
        ]


def test_training_and_inference_have_keys_of_their_own() -> None:
    names = [
        volume["secret"]["secretName"]
        for workload in (job(), deployment())
        for volume in pod(workload)["volumes"]
        if "secret" in volume
    ]
    assert names == ["lawn-training-s3", "lawn-inference-s3", "lawn-log-s3"]


def test_a_users_own_keys_are_mounted_instead() -> None:
    mine = given.resource(
        storage={
            "endpoint": "https://s3.example.com/",
            "secretRef": {"name": "mine"},
            "servingSecretRef": {"name": "read-only"},
        }
    )
    assert pod(job(mine))["volumes"][0]["secret"]["secretName"] == "mine"
    assert pod(deployment(mine))["volumes"][0]["secret"]["secretName"] == "read-only"
    assert environment(job(mine))["DANDELION_S3_ENDPOINT"] == "https://s3.example.com"


def test_names_of_the_longest_resource_fit() -> None:
    longest = Resource(
        NamespacedName("default", "a" * 42), PLAIN.uid, PLAIN.generation, "", PLAIN.spec
    )
    assert len(naming.job(longest.key, "0123456789")) <= 63
    assert len(naming.evaluation_job(longest.key, "0123456789")) <= 63
    assert len(naming.inference(longest.key)) <= 63


def test_a_copied_secret_holds_the_keys_and_its_owner() -> None:
    secret = builders.credentials_secret(PLAIN, naming.INFERENCE, Credentials("a", "b"))
    assert secret["metadata"]["name"] == "lawn-inference-s3"
    assert secret["data"] == {"AWS_ACCESS_KEY_ID": "YQ==", "AWS_SECRET_ACCESS_KEY": "Yg=="}
    assert secret["metadata"]["ownerReferences"][0]["uid"] == PLAIN.uid
