"""`GET /`: every ModelDeployment that the person may see, or those of one namespace."""

from __future__ import annotations

from fastapi import FastAPI, Request
from starlette.responses import Response

from dandelion_console.cluster.api import ApiError
from dandelion_console.cluster.models import fleet
from dandelion_console.cluster.people import namespaces
from dandelion_console.front.routes.addresses import NAMESPACE
from dandelion_console.front.site import Site
from dandelion_console.ports.session import Person
from dandelion_console.views.fleet import in_order, row, summary

# How often an open page asks again: of a thousand models the API server sends megabytes.
EVERY_SECONDS = 5
MODELS_A_SECOND = 20


def add_fleet(app: FastAPI, site: Site) -> None:
    @app.get("/")
    async def page(request: Request, namespace: str = "") -> Response:
        person = site.visitors.person(request)
        if namespace and not NAMESPACE.fullmatch(namespace):
            return await choice(person, 400, namespace, f"{namespace} is no name of a namespace.")
        try:
            found = await fleet(site.api, person, namespace, row)
        except ApiError as error:
            if error.status != 403:
                raise
            return await choice(person, 403, namespace, error.message if namespace else "")
        shown = in_order(found.models)
        return site.pages.page(
            "fleet.html",
            person=person,
            namespace=namespace,
            rows=shown,
            summary=summary(shown),
            more=found.more,
            every=EVERY_SECONDS + len(shown) // MODELS_A_SECOND,
        )

    async def choice(person: Person, status: int, asked: str, problem: str) -> Response:
        """Which namespaces there are; without one that was asked for, that is an answer."""
        offered = await namespaces(site.api, person, site.namespaces)
        return site.pages.page(
            "namespaces.html",
            status if asked else 200,
            person=person,
            namespaces=offered,
            asked=asked,
            problem=problem,
        )
