"""All pods that the operator makes, by the properties that users and clusters rely on."""

from __future__ import annotations

import base64
import hmac
from collections.abc import Callable
from typing import Any

import given
import pytest
from dandelion_operator.api import digests, naming
from dandelion_operator.api.resource import NamespacedName, Resource
from dandelion_operator.loop.apply import builders
from dandelion_operator.ports.s3.credentials import Credentials
from dandelion_operator.seen.keys import TemporaryKey
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
    assert kinds == {"emptyDir", "projected"}


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
    for name, secrets in mounted(workload).items():
        parts = [item["key"] for secret in secrets for item in secret["items"]]
        assert parts == [
            "AWS_ACCESS_KEY_ID",
            "AWS_SECRET_ACCESS_KEY",
            "AWS_SESSION_TOKEN",
            "SIGNING_KEY",
        ], name


@EACH
def test_a_key_without_a_session_token_starts_a_pod_and_one_without_a_half_does_not(
    workload: dict[str, Any],
) -> None:
    whole, more = mounted(workload)["s3"]
    assert "optional" not in whole
    assert [item["key"] for item in whole["items"]] == [
        "AWS_ACCESS_KEY_ID",
        "AWS_SECRET_ACCESS_KEY",
    ]
    assert more["optional"] is True
    assert more["name"] == whole["name"]


def mounted(workload: dict[str, Any]) -> dict[str, list[dict[str, Any]]]:
    """The parts of Secrets that are put together in each volume."""
    return {
        volume["name"]: [source["secret"] for source in volume["projected"]["sources"]]
        for volume in pod(workload)["volumes"]
        if "projected" in volume
    }


def test_training_and_inference_have_keys_of_their_own() -> None:
    names = [
        secrets[0]["name"]
        for workload in (job(), deployment())
        for secrets in mounted(workload).values()
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
    assert mounted(job(mine))["s3"][0]["name"] == "mine"
    assert mounted(deployment(mine))["s3"][0]["name"] == "read-only"
    assert environment(job(mine))["DANDELION_S3_ENDPOINT"] == "https://s3.example.com"


@EACH
def test_a_pod_of_the_installations_endpoint_is_told_no_closed_networks(
    workload: dict[str, Any],
) -> None:
    assert "DANDELION_S3_CLOSED_NETWORKS" not in environment(workload)


@pytest.mark.parametrize("made", [job, deployment])
def test_a_pod_with_an_endpoint_of_its_own_is_told_where_that_may_not_be(
    made: Callable[[Resource], dict[str, Any]],
) -> None:
    mine = given.resource(
        storage={"endpoint": "https://s3.example.com", "secretRef": {"name": "mine"}}
    )
    told = environment(made(mine))["DANDELION_S3_CLOSED_NETWORKS"].split(",")
    assert told[0] == "169.254.169.254/32"
    assert {"127.0.0.0/8", "169.254.0.0/16", "fe80::/10", "224.0.0.0/4"} < set(told)


def test_names_of_the_longest_resource_fit() -> None:
    longest = Resource(
        NamespacedName("default", "a" * 42), PLAIN.uid, PLAIN.generation, "", PLAIN.spec
    )
    assert len(naming.job(longest.key, "0123456789")) <= 63
    assert len(naming.evaluation_job(longest.key, "0123456789")) <= 63
    assert len(naming.inference(longest.key)) <= 63


def test_a_secret_for_a_while_says_what_it_was_asked_for_and_when_it_ends() -> None:
    key = TemporaryKey("a", "b", "c", "2026-01-01T00:00:00Z", "2026-01-01T12:00:00Z", "asked")
    secret = builders.temporary_secret(PLAIN, naming.LOG, key, Credentials("lasting", "secret"))
    assert secret["metadata"]["name"] == "lawn-log-s3"
    assert secret["metadata"]["ownerReferences"][0]["uid"] == PLAIN.uid
    assert secret["metadata"]["annotations"] == {
        "dandelion.dev/key-asked-for": "asked",
        "dandelion.dev/key-content": digests.key_content(secret["data"]),
        "dandelion.dev/key-issued-at": "2026-01-01T00:00:00Z",
        "dandelion.dev/key-expires-at": "2026-01-01T12:00:00Z",
    }
    held = {name: base64.b64decode(text).decode() for name, text in secret["data"].items()}
    signing = hmac.digest(b"secret", b"dandelion answer id, version 1", "sha256").hex()
    assert held == {
        "AWS_ACCESS_KEY_ID": "a",
        "AWS_SECRET_ACCESS_KEY": "b",
        "AWS_SESSION_TOKEN": "c",
        "SIGNING_KEY": signing,
    }


def test_a_copied_secret_holds_the_keys_and_its_owner() -> None:
    secret = builders.credentials_secret(PLAIN, naming.INFERENCE, Credentials("a", "b"))
    assert secret["metadata"]["name"] == "lawn-inference-s3"
    assert secret["data"] == {"AWS_ACCESS_KEY_ID": "YQ==", "AWS_SECRET_ACCESS_KEY": "Yg=="}
    assert secret["metadata"]["ownerReferences"][0]["uid"] == PLAIN.uid
