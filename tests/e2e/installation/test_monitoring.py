"""Every metric that an alert or a dashboard asks for is one that the services really expose, and a
Prometheus that scrapes them answers.
"""

from __future__ import annotations

import re
from collections.abc import Iterator

import httpx
import pytest
from dandelion_demo.install import CHART, NAMESPACE, RELEASE

from tests.chart.monitoring import alerts
from tests.e2e.prometheus import Prometheus, pods, prometheus
from tests.e2e.world import COLOURS, World, colours, picture

NAME = "monitored"
HISTOGRAM_PARTS = re.compile(r"_(bucket|sum|count)$")
#: Due every minute, and held back for a day once the first run has ended.
TRIGGERS = {
    "schedule": "* * * * *",
    "newImages": 1000,
    "cooldownSeconds": 86400,
    "maxRunsPerWeek": 3,
}


def _families(text: str) -> set[str]:
    names = re.findall(r"^(?:# TYPE )?(dandelion_\w+)", text, flags=re.MULTILINE)
    return {HISTOGRAM_PARTS.sub("", name) for name in names}


def _metrics(world: World, namespace: str, selector: str, port: int) -> set[str]:
    items = world.cluster.get("pods", "-n", namespace, "-l", selector)["items"]
    addresses = [pod["status"].get("podIP") for pod in items]
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
    uri = world.upload("colours", colours() | {"red/notes.png": b"no image"})
    world.train(NAME, uri, training={"epochs": 20}, triggers=TRIGGERS)

    def told(namespace: str, selector: str, port: int) -> set[str]:
        found: set[str] = world.until(
            f"metrics of {selector}", lambda: _metrics(world, namespace, selector, port)
        )
        return found

    training = told(world.namespace, f"{mine}=training", 9090)
    world.until_served(NAME, "1")
    world.predict(NAME, picture(COLOURS["red"], 1)).raise_for_status()
    world.predict(NAME, b"no image")
    return {
        "training": training,
        "inference": told(world.namespace, f"{mine}=inference", 8081),
        "operator": told(NAMESPACE, "app.kubernetes.io/component=operator", 9090),
        "console": told(NAMESPACE, "app.kubernetes.io/component=console", 9090),
    }


@pytest.fixture(scope="module")
def scraped(
    world: World, exposed: dict[str, set[str]], tmp_path_factory: pytest.TempPathFactory
) -> Iterator[Prometheus]:
    """A Prometheus with the chart's alerts that scrapes operator, console and a served model."""
    assert exposed["operator"]
    scrapes = [
        pods(world.cluster.kubeconfig, NAMESPACE, "operator", own_labels=True),
        pods(world.cluster.kubeconfig, NAMESPACE, "console"),
        pods(world.cluster.kubeconfig, world.namespace, "training|inference"),
    ]
    folder = tmp_path_factory.mktemp("prometheus")
    with prometheus(folder, scrapes, [alerts.RULES]) as found:
        yield found


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
                "dandelion_review_queued_total",
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
                "dandelion_modeldeployment_drift_score",
                "dandelion_modeldeployment_drift_above",
                "dandelion_live_accuracy",
                "dandelion_live_reviewed_answers",
                "dandelion_last_decision_timestamp_seconds",
            },
        ),
        ("training", {"dandelion_training_progress_ratio", "dandelion_training_loss"}),
        (
            "console",
            {
                "dandelion_console_requests_total",
                "dandelion_console_request_duration_seconds",
                "dandelion_console_logins_total",
                "dandelion_console_actions_total",
            },
        ),
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
    texts = "\n".join(
        document
        for document in rendered.split("\n---\n")
        if "kind: PrometheusRule" in document or "grafana_dashboard" in document
    )
    asked = {HISTOGRAM_PARTS.sub("", n) for n in re.findall(r"\bdandelion_\w+", texts)}
    assert asked, "the chart renders rules and a dashboard"
    assert asked <= set().union(*exposed.values())


def test_a_prometheus_understands_every_alert_and_every_query(
    world: World, scraped: Prometheus
) -> None:
    world.until(
        "all alerts are evaluated",
        lambda: all(rule["health"] != "unknown" for rule in scraped.rules()),
    )
    assert {rule["name"] for rule in scraped.rules()} == alerts.rule_expressions().keys()
    assert [rule["lastError"] for rule in scraped.rules() if rule["health"] != "ok"] == []
    for query in alerts.dashboard_expressions().values():
        scraped.ask(query)


def test_the_loop_of_a_model_is_told(world: World, scraped: Prometheus) -> None:
    mine = {"namespace": world.namespace, "name": NAME}
    queries = alerts.expressions(alerts.row(alerts.dashboard(), "The loop"))

    def answered() -> set[str]:
        """The panels that show something of it, or of all models."""
        return {
            panel.rpartition(" ")[0]
            for panel, query in queries.items()
            for series in scraped.ask(query)
            if "name" not in series["metric"] or mine.items() <= series["metric"].items()
        }

    panels = {panel.rpartition(" ")[0] for panel in queries}
    # There is one version, which was promoted.
    world.until("all panels but one", lambda: answered() == panels - {"Versions not promoted"})
    selector = ",".join(f'{label}="{value}"' for label, value in mine.items())
    (due,) = scraped.ask(f"dandelion_trigger_waiting_since_timestamp_seconds{{{selector}}}")
    assert (due["metric"]["trigger"], due["metric"]["reason"]) == ("Schedule", "Cooldown")
    (version,) = scraped.ask(f"time() - dandelion_last_version_timestamp_seconds{{{selector}}}")
    assert 0 < float(version["value"][1]) < 3600
    (left_out,) = scraped.ask(f"dandelion_dataset_rejected_files{{{selector}}}")
    assert (left_out["metric"]["reason"], left_out["value"][1]) == ("not a usable image", "1")
