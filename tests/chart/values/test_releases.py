"""What a release makes: its database, its images, what outlives it, and names of its own."""

from __future__ import annotations

import yaml

from tests.chart.rendering import (
    CHART,
    TUNED,
    Rendered,
    render,
)
from tests.chart.values.reading import environment


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
