"""Alerts speak when they should, and neither they nor the dashboard ask for what nobody exposes."""

from __future__ import annotations

import ast
import json
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from dandelion_local import places, tools

from tests.chart.monitoring.alerts import (
    DASHBOARD,
    RULES,
    dashboard_expressions,
    panels,
    rule_expressions,
)
from tests.chart.rendering import EVERYTHING_MONITORED, WITH_THE_CONSOLE, render

SAMPLES = places.REPOSITORY / "k8s" / "samples"
AUTOSCALER = SAMPLES / "autoscaling.yaml"
ADAPTER = SAMPLES / "monitoring" / "prometheus-adapter-values.yaml"
PLAYED = sorted(Path(__file__).parent.glob("*alerts_test.yaml"))
COMPONENTS = ("operator", "inference", "training-job", "console")
#: Labels that Prometheus or the PodMonitor adds to what a pod exposes.
TARGET_LABELS = frozenset({"namespace", "pod", "job", "instance", "modeldeployment"})
SUFFIXES = {
    "Counter": ("_total",),
    "Gauge": ("",),
    "Family": ("",),
    "Histogram": ("_bucket", "_sum", "_count"),
}


def promtool(*arguments: str, stdin: str | None = None) -> None:
    done = subprocess.run(
        [str(tools.path("promtool")), *arguments],
        input=stdin,
        capture_output=True,
        text=True,
        timeout=300,
        check=False,
    )
    assert done.returncode == 0, done.stdout + done.stderr


def exposed() -> dict[str, frozenset[str]]:
    """The series that the components' source defines, with their labels."""
    found: dict[str, frozenset[str]] = {}
    for component in COMPONENTS:
        for file in (places.REPOSITORY / component / "src").rglob("*.py"):
            for call in ast.walk(ast.parse(file.read_text())):
                found.update(_series(call))
    return found


def _series(call: ast.AST) -> Iterator[tuple[str, frozenset[str]]]:
    if not (isinstance(call, ast.Call) and isinstance(call.func, ast.Name)):
        return
    if call.func.id not in SUFFIXES or not call.args:
        return
    if not (isinstance(call.args[0], ast.Constant) and isinstance(call.args[0].value, str)):
        return
    name = call.args[0].value.removesuffix("_total")
    labels = frozenset(ast.literal_eval(call.args[2])) if len(call.args) > 2 else frozenset[str]()
    for suffix in SUFFIXES[call.func.id]:
        yield name + suffix, labels | ({"le"} if suffix == "_bucket" else set())


def adapter_expressions() -> dict[str, str]:
    """What prometheus-adapter asks for an autoscaler, with its placeholders filled in."""
    rules = yaml.safe_load(ADAPTER.read_text())["rules"]["custom"]
    found: dict[str, str] = {}
    for rule in rules:
        series = rule["seriesQuery"].partition("{")[0]
        filled = rule["metricsQuery"].replace("<<.Series>>", series)
        filled = filled.replace("<<.LabelMatchers>>", 'namespace="a",pod=~"b|c"')
        found[series] = filled.replace("<<.GroupBy>>", "pod")
    return found


EXPRESSIONS = {**rule_expressions(), **dashboard_expressions(), **adapter_expressions()}


def test_promtool_accepts_the_rules() -> None:
    promtool("check", "rules", str(RULES))


@pytest.mark.parametrize("played", PLAYED, ids=lambda file: file.stem)
def test_alerts_speak_when_they_should(played: Path, tmp_path: Path) -> None:
    file = tmp_path / played.name
    file.write_text(played.read_text().replace("RULES", str(RULES)))
    promtool("test", "rules", str(file))


def test_every_alert_is_played_through() -> None:
    fired = {
        case["alertname"]
        for file in PLAYED
        for test in yaml.safe_load(file.read_text())["tests"]
        for case in test["alert_rule_test"]
        if case.get("exp_alerts")
    }
    assert fired == rule_expressions().keys()


def test_promtool_accepts_every_query(tmp_path: Path) -> None:
    asked = [*dashboard_expressions().values(), *adapter_expressions().values()]
    rules = [
        {"record": f"query:{number}", "expr": expression} for number, expression in enumerate(asked)
    ]
    file = tmp_path / "dashboard.yaml"
    file.write_text(yaml.safe_dump({"groups": [{"name": "dashboard", "rules": rules}]}))
    promtool("check", "rules", str(file))


def test_the_autoscaler_asks_for_what_the_adapter_gives() -> None:
    autoscaler = yaml.safe_load(AUTOSCALER.read_text())
    assert autoscaler["spec"]["scaleTargetRef"]["kind"] == "ModelDeployment"
    asked = {metric["pods"]["metric"]["name"] for metric in autoscaler["spec"]["metrics"]}
    assert asked == adapter_expressions().keys()


@pytest.mark.parametrize("expression", EXPRESSIONS.values(), ids=EXPRESSIONS)
def test_a_query_asks_for_what_a_component_exposes(expression: str) -> None:
    known = exposed()
    asked = set(re.findall(r"\bdandelion_\w+", expression))
    assert asked
    assert asked <= known.keys()
    for name, matchers in re.findall(r"\b(dandelion_\w+)\{([^}]*)\}", expression):
        labels = set(re.findall(r'(\w+)\s*(?:=~|!~|!=|=)\s*"', matchers))
        assert labels <= known[name] | TARGET_LABELS, name


def test_the_dashboard_is_found_by_grafanas_sidecar() -> None:
    (config,) = (
        manifest
        for manifest in render(EVERYTHING_MONITORED).of("ConfigMap")
        if manifest.labels.get("grafana_dashboard") == "1"
    )
    assert config.annotations["grafana_folder"] == "Models"
    dashboard = json.loads(config.content["data"]["dandelion.json"])
    assert dashboard == json.loads(DASHBOARD.read_text())
    assert len({panel["id"] for panel in dashboard["panels"]}) == len(dashboard["panels"])
    assert all(panel["description"] for panel in panels(dashboard))


def test_the_rules_are_rendered_as_they_are_tested() -> None:
    (rule,) = render(EVERYTHING_MONITORED).of("PrometheusRule")
    assert rule.spec == yaml.safe_load(RULES.read_text())


def test_prometheus_looks_at_the_ports_that_pods_name() -> None:
    rendered = render({**EVERYTHING_MONITORED, **WITH_THE_CONSOLE})
    models = rendered.one("PodMonitor", "dandelion-models")
    assert [endpoint["port"] for endpoint in models.spec["podMetricsEndpoints"]] == [
        "metrics",
        "http",
    ]
    assert models.spec["namespaceSelector"] == {"any": True}
    (operator,) = rendered.of("ServiceMonitor")
    service = rendered.one("Service", "dandelion-operator")
    assert [endpoint["port"] for endpoint in operator.spec["endpoints"]] == [
        port["name"] for port in service.spec["ports"]
    ]
    assert operator.spec["selector"]["matchLabels"].items() <= service.labels.items()
    for name in ("dandelion-token-reviewer", "dandelion-console"):
        monitor = rendered.one("PodMonitor", name)
        (pods,) = (item for item in rendered.of("Deployment") if item.name == name)
        labels = pods.pod["metadata"]["labels"]
        assert monitor.spec["selector"]["matchLabels"].items() <= labels.items()
        ports = {port["name"] for port in pods.containers[0]["ports"]}
        assert {endpoint["port"] for endpoint in monitor.spec["podMetricsEndpoints"]} <= ports


def pod_of(file: Path) -> dict[str, Any]:
    """The template of the pods that a workload makes."""
    template: dict[str, Any] = yaml.safe_load(file.read_text())["spec"]["template"]
    return template


def targets(endpoint: dict[str, Any], pod: dict[str, Any]) -> list[int]:
    """The ports of a pod that Prometheus looks at for one endpoint of a PodMonitor: those of its
    name, unless a relabelling drops them. Prometheus anchors its patterns."""
    metadata = pod["metadata"]
    labels = {
        f"__meta_kubernetes_pod_{kind}_{re.sub('[^a-zA-Z0-9_]', '_', name)}": value
        for kind in ("label", "annotation")
        for name, value in metadata.get(f"{kind}s", {}).items()
    }
    for rule in endpoint["relabelings"]:
        value = ";".join(labels.get(name, "") for name in rule["sourceLabels"])
        assert rule.get("action", "replace") in ("replace", "drop")
        if rule.get("action") == "drop" and re.fullmatch(rule["regex"], value):
            return []
    return [
        port["containerPort"]
        for container in pod["spec"]["containers"]
        for port in container["ports"]
        if port["name"] == endpoint["port"]
    ]


@pytest.mark.parametrize(
    ("made", "port"),
    [
        pytest.param("golden/smallest-deployment.yaml", 8081, id="serving"),
        pytest.param("golden/much-said-deployment.yaml", 8081, id="serving, with annotations"),
        pytest.param("former/deployment.yaml", 8080, id="serving, of a former release"),
        pytest.param("golden/smallest-job.yaml", 9090, id="training"),
        pytest.param("golden/smallest-evaluation.yaml", 9090, id="evaluating"),
    ],
)
def test_each_pod_is_one_target_that_is_up(made: str, port: int) -> None:
    models = render(EVERYTHING_MONITORED).one("PodMonitor", "dandelion-models")
    pod = pod_of(places.REPOSITORY / "operator" / "tests" / made)
    wanted = models.spec["selector"]["matchLabels"]
    assert wanted.items() <= pod["metadata"]["labels"].items()
    endpoints = models.spec["podMetricsEndpoints"]
    assert [found for endpoint in endpoints for found in targets(endpoint, pod)] == [port]
