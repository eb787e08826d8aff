"""What training and serving pods are both told: resources, and the nodes they may run on."""

from __future__ import annotations

from typing import Literal

from pydantic import Field, StrictFloat, StrictInt, StrictStr

from dandelion_operator.api.spec.camel import Camel

# As Kubernetes takes a quantity in JSON: 2, 0.5 and "500m".
Quantity = StrictInt | StrictFloat | StrictStr


class ComputeResources(Camel):
    requests: dict[str, Quantity] = Field(default_factory=dict)
    limits: dict[str, Quantity] = Field(default_factory=dict)


class Toleration(Camel):
    key: str | None = None
    operator: Literal["Exists", "Equal"] | None = None
    value: str | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    toleration_seconds: int | None = None
