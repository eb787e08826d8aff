"""Endpoints, keys and buckets of one's own reach everything that uses S3."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest

from tests.chart.rendering import (
    EXTERNAL_S3,
    render,
)
from tests.chart.values.reading import environment, jobs


def test_an_endpoint_of_ones_own_reaches_everything_that_uses_s3() -> None:
    rendered = render(EXTERNAL_S3)
    endpoint = "https://s3.example.com"
    operator = environment(rendered, "Deployment", "dandelion-operator")
    assert operator["DANDELION_S3_ENDPOINT"] == endpoint
    assert operator["DANDELION_S3_REGION"] == "eu-west-3"
    assert "BEGIN CERTIFICATE" in operator["DANDELION_S3_CA_BUNDLE"]
    mlflow = environment(rendered, "Deployment", "dandelion-mlflow")
    assert mlflow["MLFLOW_S3_ENDPOINT_URL"] == endpoint
    assert mlflow["AWS_CA_BUNDLE"] == "/etc/dandelion/s3-ca/ca.crt"
    assert (
        "BEGIN CERTIFICATE"
        in rendered.one("ConfigMap", "dandelion-s3-ca").content["data"]["ca.crt"]
    )
    assert jobs(rendered) == ["dandelion-pretrained", "dandelion-storage-setup"]
    (setup,) = (job for job in rendered.of("Job") if "storage-setup" in job.name)
    assert not rendered.of("StatefulSet")
    secrets = {
        volume["name"]: volume["secret"]["secretName"]
        for volume in setup.pod["spec"]["volumes"]
        if "secret" in volume
    }
    assert secrets == {
        "training": "training-key",
        "inference": "inference-key",
        "mlflow": "mlflow-key",
        "logs": "logs-key",
    }


def test_nothing_is_generated_where_every_secret_is_given() -> None:
    uses = ("training", "inference", "mlflow", "logs")
    given = {use: {"existingSecret": f"{use}-key"} for use in uses}
    rendered = render({"minio": {"existingSecret": "root"}, "s3": given})
    assert jobs(rendered) == ["dandelion-pretrained", "dandelion-storage-setup"]


def test_only_what_is_not_given_is_generated() -> None:
    rendered = render({"s3": {"training": {"existingSecret": "mine"}}})
    (job,) = (job for job in rendered.of("Job") if "credentials" in job.name)
    (container,) = job.containers
    made = {item["name"]: item.get("value") for item in container["env"]}
    assert made["DANDELION_ROOT_SECRET"] == "dandelion-minio-root"
    assert made["DANDELION_S3_SECRETS"] == (
        "dandelion-s3-inference dandelion-s3-mlflow dandelion-s3-logs"
    )


LOG = {"DANDELION_LOG_URI", "DANDELION_LOG_CREDENTIALS_DIR"}
WITHOUT_LOG_KEY = {**EXTERNAL_S3, "s3": {**EXTERNAL_S3["s3"], "logs": {}}}


def test_predictions_are_logged_in_a_bucket_and_with_a_key_of_their_own() -> None:
    rendered = render({"s3": {"buckets": {"predictions": "seen"}}})
    operator = environment(rendered, "Deployment", "dandelion-operator")
    assert operator["DANDELION_LOG_URI"] == "s3://seen"
    (setup,) = (job for job in rendered.of("Job") if "storage-setup" in job.name)
    assert environment(rendered, "Job", setup.name)["DANDELION_PREDICTIONS_BUCKET"] == "seen"
    for workload in (setup, rendered.one("Deployment", "dandelion-operator")):
        secrets = [
            volume["secret"]["secretName"]
            for volume in workload.pod["spec"]["volumes"]
            if "secret" in volume
        ]
        assert "dandelion-s3-logs" in secrets


@pytest.mark.parametrize(
    ("values", "logs"),
    [
        pytest.param({}, True, id="the chart's MinIO"),
        pytest.param(EXTERNAL_S3, True, id="an endpoint of one's own with a key for the log"),
        pytest.param(WITHOUT_LOG_KEY, False, id="an endpoint of one's own without"),
        pytest.param({"inference": {"log": {"enabled": False}}}, False, id="turned off"),
    ],
)
def test_there_is_a_log_where_there_is_a_key_for_it(values: Mapping[str, Any], logs: bool) -> None:
    rendered = render(values)
    told = environment(rendered, "Deployment", "dandelion-operator").keys()
    assert (told >= LOG) is logs
    assert any("s3-logs" in str(item.content) for item in rendered) is (logs and values == {})


@pytest.mark.parametrize("enabled", ["auto", True, False])
def test_keys_for_a_while_are_asked_for_where_the_values_say(enabled: bool | str) -> None:
    sts = {
        "enabled": enabled,
        "endpoint": "https://sts.eu-west-3.amazonaws.com",
        "roleArn": "arn:aws:iam::123456789012:role/dandelion",
        "durationSeconds": 3600,
    }
    told = environment(render({"s3": {"sts": sts}}), "Deployment", "dandelion-operator")
    assert told["DANDELION_STS_ENABLED"] == str(enabled).lower()
    assert told["DANDELION_STS_ENDPOINT"] == sts["endpoint"]
    assert told["DANDELION_STS_ROLE_ARN"] == sts["roleArn"]
    assert told["DANDELION_STS_DURATION_SECONDS"] == "3600"


def test_who_may_learn_from_where_names_the_bucket_of_datasets() -> None:
    rendered = render({"s3": {"buckets": {"datasets": "images"}}})
    told = environment(rendered, "Deployment", "dandelion-operator")["DANDELION_TENANCY_DATASETS"]
    assert json.loads(told) == [
        {"namespaces": ["*"], "prefixes": ["s3://images/{namespace}/"]},
        {"namespaces": ["default"], "prefixes": ["s3://images/"]},
    ]
