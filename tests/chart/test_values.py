"""A wrong setting is refused with a word on what to write instead; a right one has its effect."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from tests.chart.rendering import (
    CHART,
    EXTERNAL_S3,
    TUNED,
    HelmError,
    Manifest,
    Rendered,
    render,
)


@pytest.mark.parametrize(
    ("values", "said"),
    [
        pytest.param({"opertor": {}}, "opertor", id="a misspelt section"),
        pytest.param({"minio": {"enable": False}}, "enable", id="a misspelt setting"),
        pytest.param({"minio": {"enabled": "no"}}, "/minio/enabled", id="text for a switch"),
        pytest.param({"mlflow": {"workers": 0}}, "/mlflow/workers", id="no workers"),
        pytest.param(
            {"operator": {"image": {"pullPolicy": "Sometimes"}}}, "pullPolicy", id="a pull policy"
        ),
        pytest.param({"s3": {"buckets": {"models": "My_Models"}}}, "models", id="a bucket's name"),
        pytest.param({"s3": {"endpoint": "s3.example.com"}}, "/s3/endpoint", id="no URL"),
        pytest.param({"s3": {"caBundle": "/etc/ca.pem"}}, "/s3/caBundle", id="a path for a PEM"),
        pytest.param(
            {"operator": {"watchNamespaces": ["Team A"]}}, "watchNamespaces", id="a namespace"
        ),
        pytest.param(
            {"monitoring": {"podMonitor": {"enabled": "maybe"}}}, "podMonitor", id="maybe"
        ),
        pytest.param(
            {"minio": {"persistence": {"size": "big"}}}, "size", id="a volume without a size"
        ),
        pytest.param(
            {"minio": {"enabled": False}},
            "write the URL of your S3 endpoint in s3.endpoint",
            id="neither MinIO nor an endpoint",
        ),
        pytest.param(
            {"s3": {"endpoint": "https://s3.example.com"}},
            "write minio.enabled=false to use yours",
            id="both MinIO and an endpoint",
        ),
        pytest.param(
            {**EXTERNAL_S3, "s3": {**EXTERNAL_S3["s3"], "inference": {}}},
            "write its name in s3.inference.existingSecret",
            id="an endpoint without one of its keys",
        ),
        pytest.param(
            {
                **EXTERNAL_S3,
                "s3": {**EXTERNAL_S3["s3"], "logs": {}},
                "inference": {"log": {"enabled": True}},
            },
            "write its name in s3.logs.existingSecret",
            id="a log at an endpoint of one's own without its key",
        ),
        pytest.param(
            {"pretrained": {"architectures": ["vgg16"]}},
            "/pretrained/architectures/0",
            id="another network",
        ),
        pytest.param({"pretrained": {"enabled": "maybe"}}, "/pretrained/enabled", id="perhaps"),
        pytest.param({"s3": {"sts": {"enabled": "yes"}}}, "/s3/sts/enabled", id="another yes"),
        pytest.param(
            {"s3": {"sts": {"durationSeconds": 60}}}, "durationSeconds", id="a key for a minute"
        ),
        pytest.param({"s3": {"sts": {"roleArn": "dandelion"}}}, "roleArn", id="no ARN"),
        pytest.param(
            {"tenancy": {"datasets": [{"namespaces": ["a"], "prefixes": ["s3://datasets/*"]}]}},
            "/tenancy/datasets/0/prefixes/0",
            id="a pattern in a prefix",
        ),
        pytest.param(
            {"tenancy": {"datasets": [{"prefixes": ["s3://datasets/"]}]}},
            "namespaces",
            id="a rule for nobody",
        ),
        *(
            pytest.param(
                {"training": {"allowedImages": [entry]}}, "/training/allowedImages/0", id=why
            )
            for entry, why in (
                ("registry.example.com*", "a registry that may end otherwise"),
                ("registry.example.com/train", "an image without a digest"),
                ("registry.example.com/train@sha256:abc", "half a digest"),
                ("*", "any image"),
                ("", "no image"),
            )
        ),
        pytest.param({"pretrained": {"source": "ftp://x"}}, "/pretrained/source", id="no web"),
        pytest.param(
            {"operator": {"namespaces": "Some"}}, "/operator/namespaces", id="some of all"
        ),
        pytest.param({"rbac": {"policy": "yes"}}, "/rbac/policy", id="a policy perhaps"),
        pytest.param(
            {"operator": {"serviceAccounts": ["a'b"]}}, "/operator/serviceAccounts/0", id="a quote"
        ),
        pytest.param(
            {"rbac": {"policy": False}},
            "write operator.namespaces=All",
            id="labels that keep nobody out",
        ),
        pytest.param({"rbac": {"clusterTokens": "yes"}}, "/rbac/clusterTokens", id="yes for true"),
        pytest.param(
            {"mlflow": {"workers": 2}},
            "mlflow.workers above 1 needs a PostgreSQL database",
            id="several writers on SQLite",
        ),
        pytest.param(
            {"operator": {"serviceAccount": {"create": False}}},
            "write the name of an existing one",
            id="no ServiceAccount",
        ),
    ],
)
def test_nonsense_is_refused(values: Mapping[str, Any], said: str) -> None:
    with pytest.raises(HelmError, match=said):
        render(values)


def test_the_values_of_another_release_are_refused_by_the_name_of_what_they_lack() -> None:
    """As with --reuse-values, which keeps the former chart's values in place of this one's."""
    with pytest.raises(HelmError, match="missing property 'tokenReviewer'"):
        render({"tokenReviewer": None})
    schema = json.loads((CHART / "values.schema.json").read_text())
    sections = yaml.safe_load((CHART / "values.yaml").read_text())
    assert schema["required"] == list(sections)


def test_every_setting_is_explained_or_speaks_for_itself() -> None:
    """Each top-level section of values.yaml starts with a comment."""
    lines = (CHART / "values.yaml").read_text().splitlines()
    sections = yaml.safe_load("\n".join(lines))
    for name, content in sections.items():
        place = next(i for i, line in enumerate(lines) if line.startswith(f"{name}:"))
        below = lines[place + 1].strip() if isinstance(content, dict) else ""
        explained = lines[place - 1].startswith("#") or below.startswith("#")
        assert explained or name == "operator", name


def environment(rendered: Rendered, kind: str, name: str) -> dict[str, str]:
    (container,) = rendered.one(kind, name).containers
    return {item["name"]: item.get("value", "") for item in container["env"]}


def jobs(rendered: Rendered) -> list[str]:
    """Names without the digest of their content."""
    return sorted(job.name.rpartition("-")[0] for job in rendered.of("Job"))


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


def pretrained(**values: Any) -> Manifest:
    rendered = render({"pretrained": values})
    (job,) = (job for job in rendered.of("Job") if "-pretrained-" in job.name)
    return job


def told(job: Manifest) -> dict[str, str]:
    (container,) = job.containers
    return {item["name"]: item.get("value", "") for item in container["env"]}


def test_learnt_weights_are_fetched_without_anybody_waiting_for_it() -> None:
    job = pretrained()
    assert job.annotations == {}
    assert told(job)["DANDELION_PRETRAINED_REQUIRED"] == "false"
    assert told(job)["DANDELION_PRETRAINED_ARCHITECTURES"] == "resnet18 resnet34 resnet50"
    assert "completions" not in job.spec


def test_learnt_weights_that_are_required_hold_up_the_installation_after_its_buckets() -> None:
    job = pretrained(enabled=True, architectures=["resnet152"])
    assert job.annotations["helm.sh/hook"] == "post-install,post-upgrade"
    assert int(job.annotations["helm.sh/hook-weight"]) > 0
    assert told(job)["DANDELION_PRETRAINED_REQUIRED"] == "true"
    assert told(job)["DANDELION_PRETRAINED_ARCHITECTURES"] == "resnet152"


def test_learnt_weights_may_come_from_another_place() -> None:
    assert "DANDELION_PRETRAINED_SOURCE" not in told(pretrained())
    mirror = "https://mirror.example.com/models"
    assert told(pretrained(source=mirror))["DANDELION_PRETRAINED_SOURCE"] == mirror


def test_no_weights_are_fetched_where_that_is_turned_off() -> None:
    assert "dandelion-pretrained" not in jobs(render({"pretrained": {"enabled": False}}))


def test_a_changed_job_for_weights_is_another_job() -> None:
    """A Job's template cannot be changed, so an upgrade would fail."""
    assert pretrained().name == pretrained().name
    assert pretrained().name != pretrained(architectures=["resnet18"]).name


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


def test_postgresql_replaces_the_volume() -> None:
    mlflow = render(TUNED).one("Deployment", "dandelion-lawns-mlflow")
    assert "persistentVolumeClaim" not in str(mlflow.content)
    assert "/var/run/secrets/dandelion/database/uri" in str(mlflow.content)


def test_images_default_to_the_charts_version(default: Rendered) -> None:
    version = yaml.safe_load((CHART / "Chart.yaml").read_text())["appVersion"]
    images = {
        container["image"] for workload in default.workloads() for container in workload.containers
    }
    operator = environment(default, "Deployment", "dandelion-operator")
    images |= {operator["DANDELION_TRAINING_IMAGE"], operator["DANDELION_INFERENCE_IMAGE"]}
    own = {image for image in images if image.startswith("ghcr.io/dandelion-ml/")}
    assert {image.rpartition(":")[2] for image in own} == {version}
    assert {image.rpartition("dandelion-")[2] for image in own} == {
        *(f"{name}:{version}" for name in ("operator", "training", "inference", "mlflow"))
    }


def test_monitoring_objects_wait_for_their_crds(default: Rendered) -> None:
    kinds = {"ServiceMonitor", "PodMonitor", "PrometheusRule"}
    assert not kinds & {manifest.kind for manifest in default}
    known = [f"--api-versions=monitoring.coreos.com/v1/{kind}" for kind in kinds]
    found = {manifest.kind for manifest in render({}, *known)}
    assert kinds <= found


def test_prometheus_can_be_told_apart_by_labels() -> None:
    labels = {"monitoring": {"labels": {"release": "kube-prometheus-stack"}}}
    known = ["ServiceMonitor", "PodMonitor", "PrometheusRule"]
    rendered = render(
        labels, *(f"--api-versions=monitoring.coreos.com/v1/{kind}" for kind in known)
    )
    for kind in known:
        found = rendered.of(kind)
        assert found
        assert {item.labels["release"] for item in found} == {"kube-prometheus-stack"}


def test_uninstalling_keeps_what_cannot_be_had_again(default: Rendered) -> None:
    kept = [
        (manifest.kind, manifest.name)
        for manifest in default
        if manifest.annotations.get("helm.sh/resource-policy") == "keep"
    ]
    assert sorted(kept) == [
        ("CustomResourceDefinition", "modeldeployments.dandelion.dev"),
        ("PersistentVolumeClaim", "dandelion-mlflow"),
    ]


def test_a_second_release_shares_no_name_with_the_first(default: Rendered) -> None:
    other = render({"fullnameOverride": "second", "crds": {"enabled": False}})
    first = {(manifest.kind, manifest.name) for manifest in default}
    assert not first & {(manifest.kind, manifest.name) for manifest in other}


def test_names_stay_within_63_characters() -> None:
    longest = render({"fullnameOverride": "a" * 40})
    assert all(
        len(manifest.name) <= 63
        for manifest in longest
        if manifest.kind != "CustomResourceDefinition"
    )
