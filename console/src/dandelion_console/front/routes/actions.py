"""What changes a model: a page that says what it will do, and the form on it that does it.

Who may have it done is for the API server to say, each time anew, whatever a page has offered.
"""

from __future__ import annotations

from datetime import datetime

import structlog
from fastapi import FastAPI, Request
from starlette.exceptions import HTTPException
from starlette.responses import RedirectResponse, Response

from dandelion_console.cluster.acting import act, check
from dandelion_console.cluster.api import ApiError
from dandelion_console.cluster.models import model
from dandelion_console.cluster.rights import allowance
from dandelion_console.front.forms import FormError, fields
from dandelion_console.front.routes.addresses import MODEL, Name, Namespace
from dandelion_console.front.site import Site
from dandelion_console.ports.session import Person
from dandelion_console.resource import ModelDeployment
from dandelion_console.views.actions import (
    ACTIONS,
    PROMOTE_VERSION,
    ROLL_BACK,
    VALUE,
    VERSION,
    Action,
    Asked,
    command,
    signed,
)
from dandelion_console.views.model import story
from dandelion_console.views.versions import is_earlier, is_later

log = structlog.get_logger()

SOME_VERSION = "VERSION"


def add_actions(app: FastAPI, site: Site) -> None:
    @app.get(MODEL + "/{name_of_action}")
    async def confirm(
        request: Request, namespace: Namespace, name: Name, name_of_action: str
    ) -> Response:
        person = site.visitors.person(request)
        action = _known(name_of_action)
        found = await model(site.api, person, namespace, name)
        has = await allowance(site.api, person, namespace, name, [action.right])
        check(site.account, person, has, action.right, found)
        choices = action.choices(found)
        version = str(choices[0].number) if choices else SOME_VERSION
        moment = _stamp(site.now())
        return site.pages.page(
            "confirm.html",
            person=person,
            story=story(found),
            action=action,
            choices=choices,
            chooses=action in (PROMOTE_VERSION, ROLL_BACK),
            own=has.own,
            effects=action.effects(found),
            command=command(action, found, Asked(moment, version)),
            value=moment,
        )

    @app.post(MODEL + "/{name_of_action}")
    async def do(
        request: Request, namespace: Namespace, name: Name, name_of_action: str
    ) -> Response:
        person = site.visitors.person(request)
        action = _known(name_of_action)
        with site.metrics.action(action.name):
            await done(action, person, namespace, name, await fields(request))
        return RedirectResponse(f"/namespaces/{namespace}/models/{name}?done={action.name}", 303)

    async def done(
        action: Action, person: Person, namespace: str, name: str, sent: dict[str, str]
    ) -> None:
        asked = Asked(sent.get("value", ""), sent.get("version", ""))
        uid = sent.get("uid", "")
        if not VALUE.fullmatch(asked.moment) or not uid:
            raise FormError(400, "The form is not one of this console's.")
        found = await model(site.api, person, namespace, name)
        has = await allowance(site.api, person, namespace, name, [action.right])
        told = {"action": action.name, "namespace": namespace, "name": name, "person": person.name}
        try:
            check(site.account, person, has, action.right, found)
            _check_version(action, found, asked.version)
            patch = signed(action, asked, person.name)
            await act(site.api, site.account, person, has, found.seen_as(uid), patch)
        except ApiError as error:
            log.warning("refused", **told, status=error.status, reason=error.reason)
            raise
        log.info("done", **told, value=asked.moment, version=asked.version, own_token=has.own)


def _check_version(action: Action, found: ModelDeployment, version: str) -> None:
    """An earlier one is rolled back to and a later one promoted: these are two rights.

    Raises FormError, and ApiError where the champion has changed since the page was shown.
    """
    if action not in (PROMOTE_VERSION, ROLL_BACK):
        return
    if not VERSION.fullmatch(version):
        raise FormError(400, "Say which version: its number, for example 3.")
    fits = is_earlier if action is ROLL_BACK else is_later
    if not fits(found, int(version)):
        champion = found.status.champion
        serves = f"version {champion.version} is the champion" if champion else "none serves yet"
        words = (
            f"Version {version} is not {'earlier' if action is ROLL_BACK else 'later'}: {serves}."
        )
        raise ApiError(409, "Conflict", words)


def _known(name: str) -> Action:
    action = ACTIONS.get(name)
    if action is None:
        raise HTTPException(404)
    return action


def _stamp(now: datetime) -> str:
    return now.strftime("%Y-%m-%dT%H:%M:%SZ")
