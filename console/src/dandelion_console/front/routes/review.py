"""`…/review`: one image after the other, and what people say of it.

Who may is asked of the API server with the person's own token, each time; who decides is whose
session it is, and no field of the form. The service behind it has rights of its own.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack
from typing import Annotated, Any

import structlog
from fastapi import FastAPI, Path, Query, Request
from starlette.responses import JSONResponse, RedirectResponse, Response, StreamingResponse

from dandelion_console.cluster.api import ApiError
from dandelion_console.cluster.models import model
from dandelion_console.cluster.rights import may_do
from dandelion_console.front.forms import FormError, fields
from dandelion_console.front.rendering import NO_STORE
from dandelion_console.front.routes.addresses import MODEL, Name, Namespace
from dandelion_console.front.site import Site
from dandelion_console.ports import review_service
from dandelion_console.ports.review_service import Kept, Queue, ReviewError, Waiting
from dandelion_console.ports.session import Person
from dandelion_console.resource import ModelDeployment, Right
from dandelion_console.views.review import (
    DIGITS,
    SAMPLE,
    SHARES,
    ChoiceError,
    chosen,
    obstacle,
    people,
)

PAGE = MODEL + "/review"
PAGE_LIMIT = 50
# As metrics call a decision.
REVIEW = "review"

Digest = Annotated[str, Path(pattern=r"^[0-9a-f]{64}$")]
Hour = Annotated[str, Query(pattern=r"^(?:[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2})?$")]

log = structlog.get_logger()


def add_review(app: FastAPI, site: Site) -> None:
    async def allowed(request: Request, namespace: str, name: str) -> Person:
        person = site.visitors.person(request)
        if not await may_do(site.api, person, namespace, name, Right.REVIEW):
            raise ApiError(403, "Forbidden", f"{person.name} may not review {name} in {namespace}.")
        return person

    @app.get(PAGE)
    async def page(
        request: Request,
        namespace: Namespace,
        name: Name,
        share: str = SAMPLE.name,
        before: Hour = "",
    ) -> Response:
        person = await allowed(request, namespace, name)
        found = await model(site.api, person, namespace, name)
        wanted = SHARES.get(share, SAMPLE)
        queue, problem = Queue(items=()), obstacle(found)
        if not problem:
            about = _about(found)
            queue = await site.review.queue(
                about, person.name, wanted.name, people(found), PAGE_LIMIT, before
            )
        return site.pages.page(
            "review.html",
            person=person,
            model=found,
            share=wanted,
            shares=SHARES.values(),
            obstacle=problem,
            queue=queue,
            people=people(found),
            items=json.dumps([_shown(item) for item in queue.items]),
            digits=DIGITS,
        )

    @app.post(PAGE)
    async def decide(request: Request, namespace: Namespace, name: Name) -> Response:
        site.visitors.person(request)
        with site.metrics.action(REVIEW):
            person = await allowed(request, namespace, name)
            sent = await fields(request)
            kept = await decided(person, namespace, name, sent)
        log.info("reviewed", namespace=namespace, name=name, person=person.name)
        if "application/json" in request.headers.get("accept", ""):
            return JSONResponse(kept.model_dump(), headers=NO_STORE)
        share = SHARES.get(sent.get("share", ""), SAMPLE)
        here = PAGE.format(namespace=namespace, name=name)
        return RedirectResponse(f"{here}?share={share.name}", 303)

    async def decided(person: Person, namespace: str, name: str, sent: dict[str, str]) -> Kept:
        found = await model(site.api, person, namespace, name)
        if sent.get("uid") != found.metadata.uid:
            words = f"{name} was deleted and made anew since you looked at it; nothing was decided."
            raise ApiError(409, "Conflict", words)
        if problem := obstacle(found):
            raise ReviewError(409, problem)
        said = _said(sent)
        return await site.review.decide(_about(found), person.name, people(found), said)

    @app.get(PAGE + "/images/{sha256}")
    async def image(
        request: Request,
        namespace: Namespace,
        name: Name,
        sha256: Digest,
        rendered: bool = False,
    ) -> Response:
        await allowed(request, namespace, name)
        stack = AsyncExitStack()
        media_type, content = await stack.enter_async_context(
            site.review.image(namespace, name, sha256, rendered)
        )

        async def given() -> AsyncIterator[bytes]:
            async with stack:
                async for chunk in content:
                    yield chunk

        return StreamingResponse(given(), media_type=media_type, headers=NO_STORE)


def _about(found: ModelDeployment) -> review_service.Model:
    metadata = found.metadata
    return review_service.Model(metadata.namespace, metadata.name, metadata.uid)


def _said(sent: dict[str, str]) -> dict[str, Any]:
    try:
        return {
            **{key: sent[key] for key in ("id", "image", "where", "source")},
            "index": int(sent["index"]),
            "label": chosen(sent),
        }
    except ChoiceError as error:
        raise FormError(400, str(error)) from None
    except (KeyError, ValueError):
        raise FormError(400, "The form is not one of this console's.") from None


def _shown(item: Waiting) -> dict[str, Any]:
    """What the page's script needs of an image."""
    return item.model_dump(exclude={"version", "time"})
