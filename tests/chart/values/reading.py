"""What a rendered chart says of its containers and Jobs."""

from __future__ import annotations

from tests.chart.rendering import (
    Rendered,
)


def environment(rendered: Rendered, kind: str, name: str) -> dict[str, str]:
    (container,) = rendered.one(kind, name).containers
    return {item["name"]: item.get("value", "") for item in container["env"]}


def jobs(rendered: Rendered) -> list[str]:
    """Names without the digest of their content."""
    return sorted(job.name.rpartition("-")[0] for job in rendered.of("Job"))
