"""How callers from outside reach a model: by an HTTPRoute of Gateway API or by an Ingress, where
the chart says so.

Whoever installed Dandelion names the Gateway or the class and how hostnames are made
(`serving.route`, `serving.ingress`). Models that ask nobody who calls are left out, unless that was
said too. Pure.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Literal

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from dandelion_operator.api.resource import NamespacedName


class _Rule(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="forbid", frozen=True
    )


class WayRule(_Rule):
    """`hostnames` hold `{name}` and `{namespace}`."""

    hostnames: tuple[str, ...]
    open: bool = False
    annotations: Mapping[str, str] = {}

    def names(self, key: NamespacedName) -> tuple[str, ...]:
        """The hostnames of one model."""
        return tuple(filled(hostname, key) for hostname in self.hostnames)


class RouteRule(WayRule):
    """`scheme` is what the Gateway listens for."""

    parent_refs: tuple[Mapping[str, Any], ...]
    scheme: Literal["https", "http"] = "https"


class IngressTls(_Rule):
    """Both may hold `{name}` and `{namespace}`; without a Secret the controller's own certificate
    is meant.
    """

    hosts: tuple[str, ...] = ()
    secret_name: str = ""


class IngressRule(WayRule):
    """`class_name` empty: the cluster's default class. `scheme` auto: https where `tls` is set."""

    class_name: str = ""
    tls: tuple[IngressTls, ...] = ()
    scheme: Literal["auto", "https", "http"] = "auto"

    @property
    def reached_by(self) -> str:
        """What addresses begin with."""
        if self.scheme != "auto":
            return self.scheme
        return "https" if self.tls else "http"

    def certificates(self, key: NamespacedName) -> tuple[Mapping[str, Any], ...]:
        """`spec.tls` of one model's Ingress."""
        return tuple(
            {
                **({"hosts": [filled(host, key) for host in item.hosts]} if item.hosts else {}),
                **({"secretName": filled(item.secret_name, key)} if item.secret_name else {}),
            }
            for item in self.tls
        )


def filled(pattern: str, key: NamespacedName) -> str:
    return pattern.replace("{name}", key.name).replace("{namespace}", key.namespace)
