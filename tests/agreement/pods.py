"""The pods that the operator makes of a ModelDeployment, and what they are told."""

from __future__ import annotations

from typing import Any

import pytest
from dandelion_operator.api.location import Defaults, Target, location
from dandelion_operator.api.resource import Resource, parse
from dandelion_operator.loop.apply import builders
from dandelion_operator.loop.decide.plan.jobs import StartIngest, StartTraining

DEFAULTS = Defaults(
    training_image="training:1",
    inference_image="inference:1",
    image_pull_policy="IfNotPresent",
    tracking_uri="http://mlflow",
    s3_endpoint="http://s3",
    s3_region="us-east-1",
    s3_bucket="models",
    log_uri="s3://predictions",
)
FORMER = f"sha256:{'d' * 64}"
TARGET = Target(3, "s3://models/default/lawn/run3/artifact", f"sha256:{'3' * 64}")


def training_pod(
    searching: bool = False, defaults: Defaults = DEFAULTS, **spec: Any
) -> dict[str, Any]:
    """Of a run, or of the trials of its search; `spec` is what the resource says."""
    resource = _resource(spec)
    run = StartTraining(
        *("run1", "hash1", "Created", "images-1", "none"), FORMER, searching=searching
    )
    made = builders.job(resource, run, location(resource, defaults), defaults)
    found: dict[str, Any] = made["spec"]["template"]["spec"]
    return found


def ingest_pod(defaults: Defaults = DEFAULTS, **spec: Any) -> dict[str, Any]:
    """Of the Job that reads the images and trains nothing."""
    resource = _resource(spec)
    start = StartIngest("5678901234", "none", former_dataset=FORMER)
    made = builders.ingest_job(resource, start, location(resource, defaults), defaults)
    found: dict[str, Any] = made["spec"]["template"]["spec"]
    return found


def serving_pod(defaults: Defaults = DEFAULTS, **spec: Any) -> dict[str, Any]:
    resource = _resource(spec)
    made = builders.deployment(resource, TARGET, location(resource, defaults), defaults)
    found: dict[str, Any] = made["spec"]["template"]["spec"]
    return found


def enter(pod: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """Be a process of its first container."""
    for item in pod["containers"][0]["env"]:
        monkeypatch.setenv(item["name"], item["value"])


def _resource(spec: dict[str, Any]) -> Resource:
    metadata = {"namespace": "default", "name": "lawn", "uid": "uid-1", "generation": 1}
    dataset = {"storageUri": "s3://datasets/lawn"} | spec.get("dataset", {})
    found = parse({"metadata": metadata, "spec": spec | {"dataset": dataset}})
    assert isinstance(found, Resource), found
    return found
