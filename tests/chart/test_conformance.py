"""Helm finds nothing to complain about, and every rendered object is one that Kubernetes knows."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from dandelion_local import places, tools

from tests.chart import kubernetes_schemas
from tests.chart.install_manifest import PATH as INSTALL_MANIFEST
from tests.chart.rendering import CHART, PROFILES, helm, template

SAMPLES = sorted((places.REPOSITORY / "k8s" / "samples").glob("*.yaml"))


@pytest.fixture(scope="session")
def custom_schemas(tmp_path_factory: pytest.TempPathFactory) -> Path:
    own = yaml.safe_load((CHART / "files" / "modeldeployment-crd.yaml").read_text())
    others = [*kubernetes_schemas.monitoring_crds(), *kubernetes_schemas.gateway_crds()]
    return kubernetes_schemas.custom([own, *others], tmp_path_factory.mktemp("schemas"))


def kubeconform(version: str, custom_schemas: Path, manifests: str) -> str:
    """What kubeconform finds wrong, empty if nothing."""
    file = "{{.ResourceKind}}{{.KindSuffix}}.json"
    done = subprocess.run(
        [
            *(str(tools.path("kubeconform")), "-strict", "-output", "json"),
            *("-kubernetes-version", version.removeprefix("v")),
            *("-schema-location", f"{kubernetes_schemas.folder(version)}/{file}"),
            *("-schema-location", f"{custom_schemas}/{file}"),
            "-",
        ],
        input=manifests,
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    found = json.loads(done.stdout)["resources"] or []
    return "\n".join(f"{item['kind']} {item['name']}: {item['msg']}" for item in found)


@pytest.mark.parametrize("values", PROFILES.values(), ids=PROFILES)
def test_helm_lints_the_chart(values: Mapping[str, Any]) -> None:
    helm("lint", "--strict", str(CHART), "--values", "-", stdin=json.dumps(values))


@pytest.mark.parametrize("version", kubernetes_schemas.VERSIONS)
@pytest.mark.parametrize("values", PROFILES.values(), ids=PROFILES)
def test_every_object_conforms(
    version: str, values: Mapping[str, Any], custom_schemas: Path
) -> None:
    assert kubeconform(version, custom_schemas, template(values)) == ""


@pytest.mark.parametrize("version", kubernetes_schemas.VERSIONS)
def test_the_install_manifest_conforms(version: str, custom_schemas: Path) -> None:
    assert kubeconform(version, custom_schemas, INSTALL_MANIFEST.read_text()) == ""


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: str(path.stem))
def test_every_sample_conforms(sample: Path, custom_schemas: Path) -> None:
    assert kubeconform(kubernetes_schemas.VERSIONS[0], custom_schemas, sample.read_text()) == ""


@pytest.mark.parametrize(
    ("mistake", "said"),
    [
        ("spec: {replicas: two}", "replicas"),
        ("spec: {replica: 2}", "replica"),
    ],
)
def test_a_mistake_would_be_found(mistake: str, said: str, custom_schemas: Path) -> None:
    manifest = f"apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: x}}\n{mistake}\n"
    assert said in kubeconform(kubernetes_schemas.VERSIONS[0], custom_schemas, manifest)
