"""What a role of the chart allows, and what the operator is told of it."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from tests.chart.rendering import Rendered

RBAC, OF_A_NAMESPACE = "rbac.authorization.k8s.io", "dandelion-operator-namespace"


def rules(rendered: Rendered, kind: str, name: str) -> set[tuple[str, str]]:
    """Each resource and verb that a role allows."""
    return rules_of(rendered.one(kind, name).content)


def rules_of(role: Mapping[str, Any]) -> set[tuple[str, str]]:
    return {
        (f"{group}/{resource}".strip("/"), verb)
        for rule in role["rules"]
        for group in rule["apiGroups"]
        for resource in rule["resources"]
        for verb in rule["verbs"]
    }


def told(rendered: Rendered) -> dict[str, str | None]:
    (container,) = rendered.one("Deployment", "dandelion-operator").containers
    return {item["name"]: item.get("value") for item in container["env"]}
