"""What the chart's alerts and its dashboard ask Prometheus."""

from __future__ import annotations

import json
import re
from typing import Any

import yaml

from tests.chart.rendering import CHART

RULES = CHART / "files" / "rules.yaml"
DASHBOARD = CHART / "files" / "dashboard.json"


def panels(dashboard: dict[str, Any]) -> list[dict[str, Any]]:
    return [panel for panel in dashboard["panels"] if panel["type"] != "row"]


def row(dashboard: dict[str, Any], title: str) -> list[dict[str, Any]]:
    """The panels below it."""
    found: list[dict[str, Any]] = []
    inside = False
    for panel in dashboard["panels"]:
        if panel["type"] == "row":
            inside = panel["title"] == title
        elif inside:
            found.append(panel)
    return found


def expressions(asking: list[dict[str, Any]]) -> dict[str, str]:
    """Each panel's queries, with Grafana's variables filled in."""
    found: dict[str, str] = {}
    for panel in asking:
        for target in panel["targets"]:
            text = target["expr"].replace("$__rate_interval", "5m")
            found[f"{panel['title']} {target['refId']}"] = re.sub(r"\$\w+", ".*", text)
    return found


def dashboard() -> dict[str, Any]:
    found: dict[str, Any] = json.loads(DASHBOARD.read_text())
    return found


def dashboard_expressions() -> dict[str, str]:
    return expressions(panels(dashboard()))


def rule_expressions() -> dict[str, str]:
    groups = yaml.safe_load(RULES.read_text())["groups"]
    return {rule["alert"]: rule["expr"] for group in groups for rule in group["rules"]}
