"""The page on which people show images to a model, and tell it what they really show.

The person is asked about, and the model is called by the console's own account: serving takes no
token that acts as a person elsewhere. So all visitors are one caller to serving, and which of them
it was is in this log alone.
"""

from __future__ import annotations

import structlog
from fastapi import FastAPI, Request
from starlette.responses import Response

from dandelion_console.answer import Answer
from dandelion_console.cluster.api import ApiError
from dandelion_console.cluster.models import model
from dandelion_console.cluster.rights import allowance
from dandelion_console.front.forms import FormError, fields
from dandelion_console.front.rendering import NO_STORE
from dandelion_console.front.routes.addresses import MODEL, Name, Namespace
from dandelion_console.front.site import Site
from dandelion_console.front.upload import upload
from dandelion_console.ports.session import Person
from dandelion_console.resource import Right
from dandelion_console.views.prediction import shown
from dandelion_console.views.standing import standing

LABEL_CHARACTERS = 1000
# As metrics call what is done here.
PREDICT, EXPLAIN, FEEDBACK = "predict", "explain", "feedback"

log = structlog.get_logger()


def add_predict(app: FastAPI, site: Site) -> None:
    @app.get(MODEL + "/predict")
    async def page(request: Request, namespace: Namespace, name: Name) -> Response:
        person = site.visitors.person(request)
        has = await allowed(person, namespace, name, Right.PREDICT)
        return await rendered(person, namespace, name, has)

    @app.post(MODEL + "/predict")
    async def predict(request: Request, namespace: Namespace, name: Name) -> Response:
        person = site.visitors.person(request)
        with site.metrics.action(PREDICT):
            has = await allowed(person, namespace, name, Right.PREDICT)
            answer = await site.models.predict(namespace, name, upload(request))
        told = {"namespace": namespace, "name": name, "person": person.name}
        log.info("predicted", **told, version=answer.model.version)
        return await rendered(person, namespace, name, has, answer)

    @app.post(MODEL + "/explain")
    async def explain(
        request: Request, namespace: Namespace, name: Name, label: str = ""
    ) -> Response:
        person = site.visitors.person(request)
        with site.metrics.action(EXPLAIN):
            await allowed(person, namespace, name, Right.PREDICT)
            if not 0 < len(label) <= LABEL_CHARACTERS:
                raise FormError(400, "Say which label is to be explained.")
            picture = await site.models.explain(namespace, name, label, upload(request))
        return Response(picture, media_type="image/png", headers=NO_STORE)

    @app.post(MODEL + "/feedback")
    async def feedback(request: Request, namespace: Namespace, name: Name) -> Response:
        person = site.visitors.person(request)
        with site.metrics.action(FEEDBACK):
            has = await allowed(person, namespace, name, Right.FEEDBACK)
            sent = await fields(request)
            index, label = sent.get("index", ""), sent.get("right") or sent.get("other", "")
            if not (index.isdecimal() and len(index) < 6 and label and sent.get("id")):
                raise FormError(400, "The form is not one of this console's.")
            said = {"id": sent["id"], "index": int(index), "label": label}
            await site.models.feedback(namespace, name, said)
        told = {"namespace": namespace, "name": name, "person": person.name}
        log.info("feedback", **told, label=label)
        return await rendered(person, namespace, name, has, noted=label)

    async def allowed(person: Person, namespace: str, name: str, wanted: Right) -> frozenset[Right]:
        asked = (Right.PREDICT, Right.FEEDBACK)
        has = (await allowance(site.api, person, namespace, name, asked)).rights
        if wanted not in has:
            words = (
                f"{person.name} may not create modeldeployments/{wanted} named {name} in "
                f"{namespace}."
            )
            raise ApiError(403, "Forbidden", words)
        return has

    async def rendered(
        person: Person,
        namespace: str,
        name: str,
        has: frozenset[Right],
        answer: Answer | None = None,
        noted: str = "",
    ) -> Response:
        found = await model(site.api, person, namespace, name)
        return site.pages.page(
            "predict.html",
            person=person,
            model=found,
            standing=standing(found),
            answer=answer,
            predictions=shown(answer) if answer is not None else [],
            may_predict=Right.PREDICT in has,
            may_tell=Right.FEEDBACK in has,
            noted=noted,
        )
