"""What a person reads of a small world with kubectl: the status, and what runs."""

from __future__ import annotations

from typing import Any

from dandelion_operator.api import naming
from fakes.cluster import KEY, FakeCluster


class Told:
    cluster: FakeCluster

    @property
    def status(self) -> dict[str, Any]:
        found: dict[str, Any] = self.cluster.one("modeldeployments", KEY.name).get("status", {})
        return found

    def condition(self, kind: str) -> tuple[str, str]:
        found = next(item for item in self.status["conditions"] if item["type"] == kind)
        return found["status"], found["reason"]

    def message(self, kind: str) -> str:
        found = next(item for item in self.status["conditions"] if item["type"] == kind)
        return str(found["message"])

    def decisions(self) -> list[tuple[str, str | None]]:
        """Oldest first."""
        entries = reversed(self.status["history"])
        return [(item["decision"], item.get("version")) for item in entries]

    def inference_pods(self) -> list[dict[str, Any]]:
        return [
            pod
            for pod in self.cluster.kind("pods")
            if pod["metadata"]["labels"][naming.COMPONENT_LABEL] == naming.INFERENCE
        ]

    def serving_version(self) -> str:
        """The version that the serving Deployment is of."""
        labels = self.cluster.one("deployments", "lawn-inference")["metadata"]["labels"]
        return str(labels[naming.VERSION_LABEL])
