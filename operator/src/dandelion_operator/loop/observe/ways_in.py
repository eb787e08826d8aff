"""Reads what leads from outside to a model: its HTTPRoute and its Ingress."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from http import HTTPStatus
from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.api.location import Location
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.observe import readings
from dandelion_operator.ports.clients import Clients
from dandelion_operator.ports.kube.cluster import ClusterError
from dandelion_operator.ports.kube.objects import HTTP_ROUTE, INGRESS, Kind
from dandelion_operator.seen.serving import RouteSeen

Raw = Mapping[str, Any]
Found = tuple[RouteSeen, Raw | None]


async def route(resource: Resource, location: Location, clients: Clients) -> Found:
    """And as the API server holds it. Not asked for where the installation has no routes."""
    rule = clients.defaults.route
    if rule is None:
        return RouteSeen(), None
    scheme, wanted = rule.scheme, location.route is not None
    return await _one(
        (HTTP_ROUTE, "HTTPRoute"),
        *(resource, clients, wanted, lambda raw: readings.route(raw, resource.uid, scheme)),
    )


async def ingress(resource: Resource, location: Location, clients: Clients) -> Found:
    """And as the API server holds it. Not asked for where the installation has no Ingress."""
    rule = clients.defaults.ingress
    if rule is None:
        return RouteSeen(), None
    scheme, wanted = rule.reached_by, location.ingress is not None
    return await _one(
        (INGRESS, "Ingress"),
        *(resource, clients, wanted, lambda raw: readings.ingress(raw, resource.uid, scheme)),
    )


async def _one(
    kind: tuple[Kind, str],
    resource: Resource,
    clients: Clients,
    wanted: bool,
    read: Callable[[Raw | None], RouteSeen],
) -> Found:
    """`wanted`: this model is to have one. Where it is not, one that is there has no address."""
    fields = f"metadata.name={naming.inference(resource.key)}"
    try:
        # A listing of one: a kind that is not there is told from a route that is not.
        found = await clients.cluster.list(kind[0], resource.namespace, fields=fields)
    except ClusterError as error:
        if not error.refused and error.status != HTTPStatus.NOT_FOUND:
            raise
        trouble = str(error) if error.refused else f"the cluster knows no {kind[1]}"
        return RouteSeen(unknown=True, trouble=trouble if wanted else ""), None
    raw = next(iter(found), None)
    seen = read(raw)
    return seen if wanted else replace(seen, url=None, trouble=""), raw
