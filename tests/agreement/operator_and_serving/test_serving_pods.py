"""What the operator gives a serving pod is what serving needs: time to end in, and ports."""

from __future__ import annotations

from typing import Any

import pytest
from dandelion_inference.ports.settings import Settings

from tests.agreement.pods import enter, serving_pod


def pod(feedback: dict[str, Any] | None = None, **serving: Any) -> dict[str, Any]:
    """What the operator makes of a pod that serves."""
    return serving_pod(serving=serving, feedback=feedback)


def told(pod: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> Settings:
    """What serving reads of it."""
    enter(pod, monkeypatch)
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
