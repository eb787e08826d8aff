"""What changes a model: a page that says what it will do, and the form on it that does it.

The patch goes to the API server with the person's own token, whatever this console believes that
they may do: it refuses what they may not.
"""

from __future__ import annotations

from datetime import datetime

import structlog
from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from dandelion_console.cluster.api import ApiError
from dandelion_console.cluster.models import change, model
from dandelion_console.cluster.people import may
from dandelion_console.front.forms import FormError, fields
from dandelion_console.front.routes.addresses import MODEL, Name, Namespace
from dandelion_console.front.site import Site
from dandelion_console.views.actions import ACTIONS, VALUE, Action, command
from dandelion_console.views.model import story

log = structlog.get_logger()


def add_actions(app: FastAPI, site: Site) -> None:
    @app.get(MODEL + "/{name_of_action}")
    async def confirm(
        request: Request, namespace: Namespace, name: Name, name_of_action: str
    ) -> Response:
        person = site.visitors.person(request)
        action = _known(name_of_action)
        found = await model(site.api, person, namespace, name)
        if not await may(site.api, person, "patch", namespace, name):
            raise ApiError(403, "Forbidden", f"{person.name} may not change {name} in {namespace}.")
        value = _stamp(site.now())
        return site.pages.page(
            "confirm.html",
            person=person,
            story=story(found),
            action=action,
            effects=action.effects(found),
            command=command(action, found, value),
            value=value,
        )

    @app.post(MODEL + "/{name_of_action}")
    async def act(
        request: Request, namespace: Namespace, name: Name, name_of_action: str
    ) -> Response:
        person = site.visitors.person(request)
        action = _known(name_of_action)
        sent = await fields(request)
        value, uid = sent.get("value", ""), sent.get("uid", "")
        if not VALUE.fullmatch(value) or not uid:
            raise FormError(400, "The form is not one of this console's.")
        told = {"action": action.name, "namespace": namespace, "name": name, "person": person.name}
        try:
            await change(site.api, person, namespace, name, uid, action.patch(value))
        except ApiError as error:
            log.warning("refused", **told, status=error.status, reason=error.reason)
            raise
        log.info("done", **told, value=value)
        return RedirectResponse(f"/namespaces/{namespace}/models/{name}?done={action.name}", 303)


def _known(name: str) -> Action:
    action = ACTIONS.get(name)
    if action is None:
        raise HTTPException(404)
    return action


def _stamp(now: datetime) -> str:
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")
