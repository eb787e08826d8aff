"""`GET /namespaces/NS/models/NAME`: the page of one model."""

from __future__ import annotations

import asyncio

from fastapi import FastAPI, Request
from starlette.responses import Response

from dandelion_console.cluster.acting import allowed
from dandelion_console.cluster.models import model
from dandelion_console.cluster.rights import allowance
from dandelion_console.front.routes.addresses import MODEL, Name, Namespace
from dandelion_console.front.site import Site
from dandelion_console.resource import Right
from dandelion_console.views.actions import ACTIONS, RIGHTS, offered
from dandelion_console.views.model import story
from dandelion_console.views.receipts import receipt


def add_model(app: FastAPI, site: Site) -> None:
    @app.get(MODEL)
    async def page(request: Request, namespace: Namespace, name: Name, done: str = "") -> Response:
        """`done` names an action whose outcome is told, from what the cluster holds now."""
        person = site.visitors.person(request)
        found, has = await asyncio.gather(
            model(site.api, person, namespace, name),
            allowance(site.api, person, namespace, name, (*RIGHTS, Right.PREDICT, Right.REVIEW)),
        )
        action = ACTIONS.get(done)
        return site.pages.page(
            "model.html",
            person=person,
            story=story(found),
            links=site.links,
            actions=offered(found, allowed(has, site.account)),
            may_predict=Right.PREDICT in has.rights,
            reviews=Right.REVIEW in has.rights and bool(site.review),
            receipt=receipt(action, found) if action else "",
        )
