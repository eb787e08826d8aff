"""A wrong setting is refused with a word on what to write instead; a right one is explained."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
import yaml

from tests.chart.rendering import (
    CHART,
    EXTERNAL_S3,
    HelmError,
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
