"""S3 without keys: every pod that reaches S3 has an account for it, and none a key."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.chart.rendering import (
    WITHOUT_KEYS,
    HelmError,
    Manifest,
    Rendered,
    render,
)

ROLE = "eks.amazonaws.com/role-arn"


def merged(base: Mapping[str, Any], over: Mapping[str, Any]) -> dict[str, Any]:
    result = dict(base)
    for key, value in over.items():
        there = result.get(key)
        if isinstance(value, Mapping) and isinstance(there, Mapping):
            value = merged(there, value)
        result[key] = value
    return result


@pytest.fixture(scope="module")
def rendered() -> Rendered:
    return render(WITHOUT_KEYS)


def environment(workload: Manifest) -> dict[str, str]:
    (container,) = workload.containers
    return {item["name"]: item.get("value", "") for item in container.get("env", [])}


def job(rendered: Rendered, part: str) -> Manifest:
    (found,) = (item for item in rendered.of("Job") if part in item.name)
    return found


def test_no_pod_mounts_a_key(rendered: Rendered) -> None:
    for workload in rendered.workloads():
        secrets = [
            volume["secret"]["secretName"]
            for volume in workload.pod["spec"].get("volumes", [])
            if "secret" in volume
        ]
        assert secrets in ([], ["dandelion-signing"]), workload.name
        for name, value in environment(workload).items():
            assert "ACCESS_KEY" not in name
            assert "CREDENTIALS_DIR" not in name, (workload.name, value)


@pytest.mark.parametrize(
    ("account", "role"),
    [
        ("dandelion-operator", "operator"),
        ("dandelion-mlflow", "mlflow"),
        ("dandelion-pretrained", "pretrained"),
    ],
)
def test_whoever_reaches_s3_has_an_account_with_its_role(
    rendered: Rendered, account: str, role: str
) -> None:
    found = rendered.one("ServiceAccount", account)
    assert found.annotations[ROLE] == f"arn:aws:iam::1:role/{role}"
    users = [
        item
        for item in rendered.workloads()
        if item.pod["spec"].get("serviceAccountName") == account
    ]
    assert len(users) == 1


def test_accounts_have_no_token_for_the_api_server_for_the_sake_of_s3() -> None:
    found = render(merged(WITHOUT_KEYS, {"mlflow": {"auth": {"mode": "None"}}}))
    for workload in (found.one("Deployment", "dandelion-mlflow"), job(found, "pretrained")):
        assert workload.pod["spec"]["automountServiceAccountToken"] is False


def test_mlflow_that_asks_the_cluster_has_one_account_for_both() -> None:
    found = render(merged(WITHOUT_KEYS, {"mlflow": {"auth": {"mode": "Kubernetes"}}}))
    assert ROLE in found.one("ServiceAccount", "dandelion-mlflow").annotations
    spec = found.one("Deployment", "dandelion-mlflow").pod["spec"]
    assert spec["serviceAccountName"] == "dandelion-mlflow"
    assert spec["automountServiceAccountToken"] is True


def test_the_operator_is_told_what_accounts_of_pods_say(rendered: Rendered) -> None:
    told = environment(rendered.one("Deployment", "dandelion-operator"))
    assert json.loads(told["DANDELION_IDENTITY"]) == {
        "training": {ROLE: "arn:aws:iam::1:role/{namespace}-train"},
        "inference": {ROLE: "arn:aws:iam::1:role/{name}-serve"},
    }
    assert told["DANDELION_SIGNING_DIR"] == "/var/run/secrets/dandelion/signing"
    assert told["DANDELION_LOG_URI"] == "s3://predictions"


def test_the_operator_may_make_the_accounts_whoever_else_wants_some() -> None:
    nobody = {"mlflow": {"auth": {"mode": "None"}}, "rbac": {"clusterTokens": False}}
    found = render(merged(WITHOUT_KEYS, nobody))
    allowed = {
        verb
        for role in found.of("ClusterRole")
        for rule in role.content["rules"]
        if role.name.startswith("dandelion-operator") and "serviceaccounts" in rule["resources"]
        for verb in rule["verbs"]
    }
    assert {"get", "create", "patch"} <= allowed


def test_what_is_signed_with_is_made_once_in_the_cluster(rendered: Rendered) -> None:
    told = environment(job(rendered, "credentials"))
    assert told["DANDELION_SIGNING_SECRET"] == "dandelion-signing"
    assert "DANDELION_S3_SECRETS" not in told
    assert "DANDELION_ROOT_SECRET" not in told


def test_what_is_signed_with_may_be_given() -> None:
    given = {"s3": {"identity": {"signing": {"existingSecret": "mine"}}}}
    found = render(merged(WITHOUT_KEYS, given))
    assert not [item for item in found.of("Job") if "credentials" in item.name]
    volumes = found.one("Deployment", "dandelion-operator").pod["spec"]["volumes"]
    assert {"name": "signing", "secret": {"secretName": "mine", "defaultMode": 0o440}} in volumes


def test_with_eks_pod_identity_no_annotation_is_needed() -> None:
    none = dict.fromkeys(("training", "inference", "mlflow", "pretrained"), None)
    over = {"s3": {"identity": {"serviceAccountAnnotations": none}}}
    found = render(merged(WITHOUT_KEYS, over))
    assert ROLE not in found.one("ServiceAccount", "dandelion-mlflow").annotations


def test_another_sts_reaches_everybody() -> None:
    url = "https://sts.example.com"
    found = render(merged(WITHOUT_KEYS, {"s3": {"sts": {"endpoint": url}}}))
    assert (
        environment(found.one("Deployment", "dandelion-operator"))["DANDELION_STS_ENDPOINT"] == url
    )
    assert environment(found.one("Deployment", "dandelion-mlflow"))["AWS_ENDPOINT_URL_STS"] == url
    assert environment(job(found, "pretrained"))["DANDELION_S3_STS_ENDPOINT"] == url


@pytest.mark.parametrize(
    ("over", "words"),
    [
        pytest.param(
            {"minio": {"enabled": True}, "s3": {"endpoint": ""}},
            "MinIO has keys of its own",
            id="the chart's MinIO",
        ),
        pytest.param(
            {"s3": {"training": {"existingSecret": "key"}}},
            "s3.training.existingSecret names a key",
            id="a key for training",
        ),
        pytest.param(
            {"s3": {"logs": {"existingSecret": "key"}}},
            "s3.logs.existingSecret names a key",
            id="a key for the log",
        ),
        pytest.param(
            {"s3": {"sts": {"enabled": True}}}, "leave one of them out", id="keys from STS"
        ),
        pytest.param(
            {"s3": {"identity": {"enabled": False}}},
            "has no effect without s3.identity.enabled",
            id="annotations without it",
        ),
        pytest.param(
            {"s3": {"identity": {"serviceAccountAnnotations": {"serving": {}}}}},
            "serving",
            id="an account that there is not",
        ),
    ],
)
def test_what_cannot_work_is_refused_in_words(over: Mapping[str, Any], words: str) -> None:
    with pytest.raises(HelmError, match=words):
        render(merged(WITHOUT_KEYS, over))


def test_without_any_key_the_way_without_keys_is_named() -> None:
    with pytest.raises(HelmError, match=r"s3\.identity\.enabled=true"):
        render({"minio": {"enabled": False}, "s3": {"endpoint": "https://s3.example.com"}})
