"""Models of the team's namespace, with the ways in that the operator makes for them."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.api.access.routes import IngressRule, RouteRule
from dandelion_operator.api.resource import Resource, parse
from dandelion_operator.loop.apply import builders
from dandelion_operator.loop.observe import readings
from dandelion_operator.seen.serving import RouteSeen

from tests.api.server import ApiServer
from tests.console.served import TEAM, put
from tests.gateway.contour import DOMAIN, INGRESS_CLASS, PARENT

ROUTE = RouteRule(parent_refs=(PARENT,), hostnames=(f"{{name}}.{{namespace}}.models.{DOMAIN}",))
INGRESS = IngressRule.model_validate(
    {
        "className": INGRESS_CLASS,
        "hostnames": ["{name}.{namespace}.models.example.org"],
        "tls": [{"hosts": ["{name}.{namespace}.models.example.org"], "secretName": "wildcard"}],
    }
)
SECONDS = 60


@dataclass(frozen=True)
class Model:
    api: ApiServer
    resource: Resource

    @property
    def namespace(self) -> str:
        return self.resource.namespace

    def route(self, rule: RouteRule = ROUTE) -> None:
        self.api.apply(builders.http_route(self.resource, rule), "--server-side")

    def ingress(self, rule: IngressRule = INGRESS) -> None:
        self.api.apply(builders.ingress(self.resource, rule), "--server-side")

    def route_seen(self) -> RouteSeen:
        """What the operator makes of the route."""
        return readings.route(self._found("httproute"), self.resource.uid, ROUTE.scheme)

    def ingress_seen(self, rule: IngressRule = INGRESS) -> RouteSeen:
        return readings.ingress(self._found("ingress"), self.resource.uid, rule.reached_by)

    def _found(self, kind: str) -> Mapping[str, Any]:
        found: dict[str, Any] = self.api.get(
            kind, naming.inference(self.resource.key), "-n", self.namespace
        )
        return found


def model(api: ApiServer, name: str, namespace: str = TEAM) -> Model:
    """With its Service."""
    put(api, name, namespace, {})
    resource = parse(api.get("modeldeployment", name, "-n", namespace))
    assert isinstance(resource, Resource)
    return Model(api, resource)


def until(look: Callable[[], RouteSeen], holds: Callable[[RouteSeen], object]) -> RouteSeen:
    """What is seen once that holds; fails with what was seen last."""
    deadline = time.monotonic() + SECONDS
    while not holds(seen := look()):
        assert time.monotonic() < deadline, seen
        time.sleep(0.2)
    return seen
