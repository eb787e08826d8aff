"""Every metric that an alert or a dashboard asks for is one that the services really expose."""

from __future__ import annotations

import re

import httpx
import pytest
from dandelion_demo.install import CHART, NAMESPACE, RELEASE

from tests.e2e.world import COLOURS, World, colours, picture

NAME = "monitored"
HISTOGRAM_PARTS = re.compile(r"_(bucket|sum|count)$")


def _families(text: str) -> set[str]:
    names = re.findall(r"^(?:# TYPE )?(dandelion_\w+)", text, flags=re.MULTILINE)
    return {HISTOGRAM_PARTS.sub("", name) for name in names}


def _metrics(world: World, namespace: str, selector: str, port: int) -> set[str]:
    pods = world.cluster.get("pods", "-n", namespace, "-l", selector)["items"]
    addresses = [pod["status"].get("podIP") for pod in pods]
    found: set[str] = set()
    for address in filter(None, addresses):
        try:
            answer = httpx.get(f"http://{address}:{port}/metrics", timeout=5)
        except httpx.HTTPError:
            continue
        found |= _families(answer.text)
    return found


@pytest.fixture(scope="module")
def exposed(world: World) -> dict[str, set[str]]:
    """The metric families of each component while a model trains, is served and is asked."""
    mine = f"dandelion.dev/modeldeployment={NAME},app.kubernetes.io/component"
    world.train(NAME, world.upload("colours", colours()), training={"epochs": 20})
    training = world.until(
        "the training pod's metrics",
        lambda: _metrics(world, world.namespace, f"{mine}=training", 9090),
    )
    world.until_served(NAME, "1")
    world.predict(NAME, picture(COLOURS["red"], 1)).raise_for_status()
    world.predict(NAME, b"no image")
    return {
        "training": training,
        "inference": _metrics(world, world.namespace, f"{mine}=inference", 8081),
        "operator": _metrics(world, NAMESPACE, "app.kubernetes.io/component=operator", 9090),
    }


@pytest.mark.parametrize(
    ("component", "families"),
    [
        (
            "inference",
            {
                "dandelion_requests_total",
                "dandelion_requests_in_progress",
                "dandelion_request_duration_seconds",
                "dandelion_predictions_total",
                "dandelion_prediction_confidence",
                "dandelion_queue_seconds",
                "dandelion_decode_seconds",
                "dandelion_compute_seconds",
                "dandelion_images_waiting",
                "dandelion_places_held",
                "dandelion_upload_bytes_held",
                "dandelion_saturation",
                "dandelion_log_written_total",
                "dandelion_log_dropped_total",
                "dandelion_model_info",
            },
        ),
        (
            "operator",
            {
                "dandelion_reconcile_duration_seconds",
                "dandelion_reconcile_errors_total",
                "dandelion_modeldeployment_condition",
                "dandelion_training_duration_seconds",
                "dandelion_champion_metric",
                "dandelion_live_accuracy",
                "dandelion_live_reviewed_answers",
            },
        ),
        ("training", {"dandelion_training_progress_ratio", "dandelion_training_loss"}),
    ],
)
def test_the_documented_metrics_are_exposed(
    exposed: dict[str, set[str]], component: str, families: set[str]
) -> None:
    assert families <= exposed[component]


def test_alerts_and_dashboard_ask_for_nothing_else(
    world: World, exposed: dict[str, set[str]]
) -> None:
    rendered = world.cluster.install(
        *("template", RELEASE, str(CHART), "-n", NAMESPACE),
        *("--set", "monitoring.prometheusRule.enabled=true"),
    )
    monitoring = "\n".join(
        document
        for document in rendered.split("\n---\n")
        if "kind: PrometheusRule" in document or "grafana_dashboard" in document
    )
    asked = {HISTOGRAM_PARTS.sub("", n) for n in re.findall(r"\bdandelion_\w+", monitoring)}
    assert asked, "the chart renders rules and a dashboard"
    assert asked <= set().union(*exposed.values())
