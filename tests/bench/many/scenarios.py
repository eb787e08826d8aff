"""What the resources of a measurement are: at rest without children, or serving with theirs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dandelion_operator.api import resource as resources
from dandelion_operator.api.resource import Resource

API_VERSION, KIND, NAMESPACE = "dandelion.dev/v1alpha1", "ModelDeployment", "default"
DATASET = "s3://datasets/photos"


@dataclass(frozen=True)
class Scenario:
    """`cluster`: whether there are controllers and nodes, so that what is asked for runs."""

    name: str
    words: str
    spec: Mapping[str, Any]
    cluster: bool = False

    def body(self, name: str, **spec: Any) -> dict[str, Any]:
        return {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "metadata": {"name": name, "namespace": NAMESPACE},
            "spec": {**self.spec, **spec},
        }

    def resource(self, name: str, **spec: Any) -> Resource:
        """As the operator reads it."""
        body = self.body(name, **spec)
        body["metadata"]["uid"] = ""
        found = resources.parse(body)
        assert isinstance(found, Resource), found.message
        return found

    def is_settled(self, body: Mapping[str, Any]) -> bool:
        """Whether the status says of this generation where it stands; of serving, that it does."""
        generation = body["metadata"]["generation"]
        conditions = (body.get("status") or {}).get("conditions") or []
        told = [item for item in conditions if item.get("observedGeneration") == generation]
        if not self.cluster:
            return bool(told)
        return any(item["type"] == "Ready" and item["status"] == "True" for item in told)


SUSPENDED = Scenario(
    "suspended",
    "at rest: suspended, without children",
    {"dataset": {"storageUri": DATASET}, "suspend": True},
)
SERVING = Scenario(
    "serving",
    "serving: with Deployment, ReplicaSet, pod, Service and EndpointSlice each",
    {"dataset": {"storageUri": DATASET}},
    cluster=True,
)
SCENARIOS = {scenario.name: scenario for scenario in (SUSPENDED, SERVING)}
