"""How callers from outside reach a model: by an HTTPRoute of Gateway API, where the chart says so.

Whoever installed Dandelion names the Gateway and how hostnames are made (`serving.route`). Models
that ask nobody who calls are left out, unless that was said too. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from dandelion_operator.api.resource import NamespacedName


class RouteRule(BaseModel):
    """`hostnames` hold `{name}` and `{namespace}`; `scheme` is what the Gateway listens for."""

    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True
    )

    parent_refs: tuple[Mapping[str, Any], ...]
    hostnames: tuple[str, ...]
    scheme: Literal["https", "http"] = "https"
    open: bool = False
    annotations: Mapping[str, str] = {}

    def names(self, key: NamespacedName) -> tuple[str, ...]:
        """The hostnames of one model."""
        return tuple(
            hostname.replace("{name}", key.name).replace("{namespace}", key.namespace)
            for hostname in self.hostnames
        )
