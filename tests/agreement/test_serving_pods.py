"""What the operator gives a serving pod is what serving needs: time to end in, and ports."""

from __future__ import annotations

from typing import Any

import pytest
from dandelion_inference.ports.settings import Settings
from dandelion_operator.api.location import Defaults, Target, location
from dandelion_operator.api.resource import Resource, parse
from dandelion_operator.loop.apply import builders

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
TARGET = Target(3, "s3://models/default/lawn/run3/artifact", f"sha256:{'3' * 64}")


def pod(feedback: dict[str, Any] | None = None, **serving: Any) -> dict[str, Any]:
    """What the operator makes of a pod that serves."""
    metadata = {"namespace": "default", "name": "lawn", "uid": "uid-1", "generation": 1}
    dataset = {"storageUri": "s3://datasets/lawn"}
    spec = {"dataset": dataset, "serving": serving, "feedback": feedback}
    resource = parse({"metadata": metadata, "spec": spec})
    assert isinstance(resource, Resource)
    made = builders.deployment(resource, TARGET, location(resource, DEFAULTS), DEFAULTS)
    found: dict[str, Any] = made["spec"]["template"]["spec"]
    return found


def told(pod: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """What serving reads of it."""
    for item in pod["containers"][0]["env"]:
        monkeypatch.setenv(item["name"], item["value"])
    return Settings.model_validate({})


@pytest.mark.parametrize("timeout", [1, 2, 30, 599, 600])
def test_a_pod_may_finish_whatever_it_took_on(
    timeout: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    made = pod(requestTimeoutSeconds=timeout)
    settings = told(made, monkeypatch)
    assert settings.grace_seconds == made["terminationGracePeriodSeconds"]
    assert not settings.ending.cuts_requests
    assert settings.ending.finish == settings.upload_seconds + timeout
    assert settings.ending.log == settings.log_end_seconds
    assert settings.ending.drain == settings.drain_seconds


def test_a_pods_ports_are_those_that_serving_listens_on(monkeypatch: pytest.MonkeyPatch) -> None:
    made = pod()
    settings = told(made, monkeypatch)
    ports = {port["name"]: port["containerPort"] for port in made["containers"][0]["ports"]}
    assert ports == {"http": settings.port, "metrics": settings.probes_port}


def test_a_pod_marks_the_share_of_its_answers_that_is_asked_for(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    assert told(pod(), monkeypatch).review_share is None
    reviewed = pod({"mode": "Review", "reviewShare": 0.25}, logging={"images": True})
    assert told(reviewed, monkeypatch).review_share == 0.25
