"""From outside?: the HTTPRoute and the Ingress to the Service, as the installation has them.

Somebody else's of that name, and a cluster without the kind, keep nothing from serving.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

from dandelion_operator.api import digests
from dandelion_operator.api.location import Location
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.decide import contest
from dandelion_operator.loop.decide.plan.actions import Action
from dandelion_operator.loop.decide.plan.children import (
    ApplyIngress,
    ApplyRoute,
    RemoveIngress,
    RemoveRoute,
)
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.serving import RouteSeen


@dataclass(frozen=True)
class _Way:
    """`digest`: what it is to be made from; None: it is not wanted."""

    kind: str
    seen: RouteSeen
    digest: str | None
    make: type[ApplyRoute | ApplyIngress]
    remove: type[RemoveRoute | RemoveIngress]

    @property
    def is_out_of_date(self) -> bool:
        return self.seen.digest != self.digest


def actions(resource: Resource, observed: Observed, location: Location) -> tuple[Action, ...]:
    return tuple(_actions(resource, observed, location))


def stale(resource: Resource, observed: Observed, location: Location) -> dict[str, bool]:
    """Of those that are wanted: whether each is to be made anew."""
    return {
        way.kind: way.is_out_of_date
        for way in _ways(resource, observed, location)
        if way.digest is not None
    }


def _actions(resource: Resource, observed: Observed, location: Location) -> Iterator[Action]:
    for way in _ways(resource, observed, location):
        seen, drift = way.seen, observed.drift(way.kind)
        if seen.unknown or (seen.exists and not seen.ours):
            continue
        if way.digest is None:
            if seen.exists:
                yield way.remove()
        elif contest.writes(drift, way.is_out_of_date):
            yield way.make(contest.corrected(drift))


def _ways(resource: Resource, observed: Observed, location: Location) -> tuple[_Way, ...]:
    route, ingress = location.route, location.ingress
    by_route = digests.route(resource, route) if route is not None else None
    by_ingress = digests.ingress(resource, ingress) if ingress is not None else None
    return (
        _Way("HTTPRoute", observed.route, by_route, ApplyRoute, RemoveRoute),
        _Way("Ingress", observed.ingress, by_ingress, ApplyIngress, RemoveIngress),
    )
