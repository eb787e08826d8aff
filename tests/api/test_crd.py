"""The CRD on a real API server: accepted, complete, defaulting, scalable, readable in a table."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest
import yaml
from dandelion_local import places

from tests.api.conftest import CRD
from tests.api.server import ApiServer

SAMPLES = sorted((places.REPOSITORY / "k8s" / "samples").glob("*.yaml"))
SCHEMA_FILE = places.REPOSITORY / "charts" / "dandelion" / "files" / "modeldeployment-crd.yaml"


def schema() -> dict[str, Any]:
    (version,) = yaml.safe_load(SCHEMA_FILE.read_text())["spec"]["versions"]
    found: dict[str, Any] = version["schema"]["openAPIV3Schema"]
    return found


def fields(node: Mapping[str, Any], path: str = "") -> Iterator[tuple[str, Mapping[str, Any]]]:
    """Each property below a node with its path."""
    for name, child in node.get("properties", {}).items():
        yield f"{path}.{name}", child
        yield from fields(child, f"{path}.{name}")
    for inner in (node.get("items"), node.get("additionalProperties")):
        if isinstance(inner, dict):
            yield from fields(inner, f"{path}[]")


def model_deployment(name: str, **spec: Any) -> dict[str, Any]:
    return {
        "apiVersion": "dandelion.dev/v1alpha1",
        "kind": "ModelDeployment",
        "metadata": {"name": name},
        "spec": {"dataset": {"storageUri": "s3://datasets/lawn"}} | spec,
    }


def test_the_crd_is_established_and_structural(api: ApiServer) -> None:
    conditions = {
        condition["type"]: condition["status"]
        for condition in api.get("crd", CRD)["status"]["conditions"]
    }
    assert conditions["Established"] == "True"
    assert conditions["NamesAccepted"] == "True"
    assert conditions.get("NonStructuralSchema", "False") == "False"


def test_every_field_is_described() -> None:
    undescribed = [path for path, field in fields(schema()) if not field.get("description")]
    # Kubernetes forbids describing metadata in a CRD.
    assert undescribed == [".metadata", ".metadata.name"]


def test_no_field_takes_what_it_does_not_know_but_quantities() -> None:
    """Whose rules are an admission policy, since no type of a schema takes what Kubernetes does."""
    open_fields = {
        path
        for path, field in fields(schema())
        if (field.get("additionalProperties") or {}).get("x-kubernetes-preserve-unknown-fields")
    }
    assert open_fields == {
        f".spec.{section}.resources.{kind}"
        for section in ("training", "serving")
        for kind in ("requests", "limits")
    }
    said = json.dumps(schema()).count("x-kubernetes-preserve-unknown-fields")
    assert said == len(open_fields)


def test_kubectl_explains_a_field(api: ApiServer) -> None:
    explained = api.kubectl("explain", "mdep.spec.training.schedule")
    assert "OneCycle rises to learningRate and falls" in explained


@pytest.mark.parametrize("sample", SAMPLES, ids=lambda path: str(path.stem))
def test_every_sample_is_accepted(api: ApiServer, sample: Path) -> None:
    api.kubectl(
        *("apply", "--server-side", "--dry-run=server", "--validate=strict", "-f", str(sample))
    )


def test_the_smallest_sample_is_five_lines_of_spec_at_most() -> None:
    text = (places.REPOSITORY / "k8s" / "samples" / "lawn.yaml").read_text()
    assert len(text.split("\nspec:\n")[1].splitlines()) <= 5


def test_the_full_sample_shows_every_field_there_is() -> None:
    sample = yaml.safe_load((places.REPOSITORY / "k8s" / "samples" / "full.yaml").read_text())
    listed = schema()["properties"]["spec"]
    missing = [
        path
        for path, field in fields(listed)
        if "properties" not in field
        and "[]" not in path
        and not path.startswith(".serving.podTemplate.")  # has the fields of training's
        and path != ".dataset.urls.storageUri"  # in the place of a ConfigMap, which is shown
        and not _reached(sample["spec"], path)
    ]
    # Which triggers.newImages cannot stand beside.
    assert missing == [".dataset.version"]


def _reached(value: Any, path: str) -> bool:
    for part in path.strip(".").split("."):
        if not isinstance(value, dict) or part not in value:
            return False
        value = value[part]
    return True


def test_defaults_appear(api: ApiServer) -> None:
    api.apply(model_deployment("defaults"))
    spec = api.get("mdep", "defaults")["spec"]
    assert spec == {
        "suspend": False,
        "storage": {},
        "dataset": {
            "storageUri": "s3://datasets/lawn",
            "holdoutFraction": 0.2,
            "onSmallClass": "Refuse",
            "keep": "References",
        },
        "training": {
            "architecture": "resnet34",
            "initialWeights": "auto",
            "epochs": 10,
            "batchSize": 32,
            "imageSize": 128,
            "learningRate": 0.001,
            "schedule": "OneCycle",
            "seed": 0,
            "augmentation": {"strength": "light", "mirror": False},
            "balanceClasses": True,
            "activeDeadlineSeconds": 86400,
            "backoffLimit": 2,
        },
        "triggers": {"cooldownSeconds": 0},
        "promotion": {
            "mode": "Auto",
            "metric": "accuracy",
            "minimum": 0.8,
            "margin": 0.02,
            "confidence": 0.95,
            "minImprovement": 0,
            "onUndecided": "PromoteIfNotWorse",
        },
        "rollout": {"progressDeadlineSeconds": 600, "revisionHistoryLimit": 3},
        "serving": {
            "replicas": 1,
            "precision": "auto",
            "queueLimit": 64,
            "requestTimeoutSeconds": 30,
            "logging": {"predictions": True, "images": False},
            "accessLog": {"sampleRatio": 0.01},
            "auth": "None",
        },
        "feedback": {"mode": "Disabled", "reviewShare": 0.01},
    }


def test_kubectl_scales_it(api: ApiServer) -> None:
    api.apply(model_deployment("scaled"))
    api.kubectl("scale", "mdep/scaled", "--replicas=3")
    assert api.get("mdep", "scaled")["spec"]["serving"]["replicas"] == 3
    status = {"replicas": 2, "selector": "dandelion.dev/modeldeployment=scaled"}
    patch_status(api, "scaled", status)
    path = "/apis/dandelion.dev/v1alpha1/namespaces/default/modeldeployments/scaled/scale"
    scale = json.loads(api.kubectl("get", "--raw", path))
    assert scale["spec"] == {"replicas": 3}
    assert scale["status"] == status


def patch_status(api: ApiServer, name: str, status: Mapping[str, Any]) -> None:
    api.kubectl(
        *("patch", "mdep", name, "--subresource=status", "--type=merge"),
        *("-p", json.dumps({"status": status})),
    )


CONDITION = {"lastTransitionTime": "2026-01-01T00:00:00Z", "observedGeneration": 1, "message": "m"}


def test_the_table_says_what_a_person_asks_first(api: ApiServer) -> None:
    api.apply(model_deployment("shown"))
    patch_status(
        api,
        "shown",
        {
            "phase": "Serving",
            "url": "http://shown-inference.default.svc",
            "champion": {"version": "3", "precision": "int8"},
            "challenger": {"version": "4"},
            "conditions": [{"type": "Ready", "status": "True", "reason": "Serving", **CONDITION}],
        },
    )
    header, row = api.kubectl("get", "mdep", "shown").splitlines()
    assert header.split() == ["NAME", "READY", "CHAMPION", "CHALLENGER", "PHASE", "URL", "AGE"]
    assert row.split()[:-1] == [
        *("shown", "True", "3", "4", "Serving", "http://shown-inference.default.svc"),
    ]
    wide = api.kubectl("get", "modeldeployment", "shown", "-o", "wide")
    assert wide.splitlines()[0].split()[-2:] == ["PRECISION", "REASON"]
    assert wide.splitlines()[1].split()[-2:] == ["int8", "Serving"]


def test_the_category_lists_it(api: ApiServer) -> None:
    api.apply(model_deployment("listed"))
    assert "modeldeployment.dandelion.dev/listed" in api.kubectl("get", "dandelion", "-o", "name")


def test_kubectl_waits_for_a_condition(api: ApiServer) -> None:
    api.apply(model_deployment("awaited"))
    ready = {"type": "Ready", "status": "True", "reason": "Serving", **CONDITION}
    patch_status(api, "awaited", {"conditions": [ready]})
    api.kubectl("wait", "--for=condition=Ready", "mdep/awaited", "--timeout=60s")


def test_a_person_cannot_write_the_status_by_applying(api: ApiServer) -> None:
    api.apply(model_deployment("honest") | {"status": {"phase": "Serving"}})
    assert "status" not in api.get("mdep", "honest")
