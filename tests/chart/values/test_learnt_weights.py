"""Learnt weights are fetched by a Job, from where and as urgently as the values say."""

from __future__ import annotations

from typing import Any

from tests.chart.rendering import (
    Manifest,
    render,
)
from tests.chart.values.reading import jobs


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
