"""`POST /explain`: an image in, a picture of what decided out."""

from __future__ import annotations

from typing import Annotated, Any
from urllib.parse import quote

from fastapi import FastAPI, Query, Request
from starlette.responses import Response

from dandelion_inference.answer.explain.explainer import Method
from dandelion_inference.answer.prediction import require_class
from dandelion_inference.answer.progress import Kind
from dandelion_inference.errors import Code
from dandelion_inference.front import docs
from dandelion_inference.front.routes.predict import PREDICT_BODY, PREDICT_CODES
from dandelion_inference.front.service import Service, service_of
from dandelion_inference.intake.upload import read_images


def _text(description: str, **schema: Any) -> dict[str, Any]:
    return {"description": description, "schema": {"type": "string", **schema}}


EXPLAIN_CODES = (*PREDICT_CODES, Code.UNKNOWN_LABEL)
EXPLAIN_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The image as the network saw it, overlaid with what spoke for the class: "
        "from dark (nothing) to pale yellow (most).",
        "content": {"image/png": {"schema": {"type": "string", "format": "binary"}}},
        "headers": {
            "Dandelion-Label": _text("the class that is explained, percent-encoded UTF-8"),
            "Dandelion-Method": _text(
                "how it was found: in the network's last features, or by hiding parts",
                enum=[method.value for method in Method],
            ),
        },
    },
}


def add_explain(app: FastAPI, service: Service) -> None:
    codes = service.authorization_codes
    app.add_api_route(
        "/explain",
        explain,
        methods=["POST"],
        summary="Show what in an image decided",
        response_class=Response,
        responses=EXPLAIN_ANSWER | docs.problems(*EXPLAIN_CODES, *codes),
        openapi_extra=PREDICT_BODY | docs.bearer(*codes),
    )


async def explain(
    request: Request,
    label: Annotated[
        str | None, Query(description="the class to explain; default: the most probable one")
    ] = None,
) -> Response:
    service = service_of(request)
    settings = service.settings
    await service.authorize(request, "predict")
    model = service.readiness.require_model()
    if label is not None:
        require_class(label, model.contract.classes)
    with service.admit_explanation(request) as place:
        [image] = await read_images(
            request, settings.max_upload_bytes, service.form_bounds(1), service.pace, place
        )
        with service.working(request, 1, Kind.EXPLANATION) as [progress]:
            explanation = await service.while_wanted(
                request, service.explainer.explain(model, image, label, progress)
            )
    headers = {
        "Cache-Control": "no-store",
        "Dandelion-Label": quote(explanation.label, safe=" "),
        "Dandelion-Method": explanation.method.value,
    }
    return Response(explanation.png, media_type="image/png", headers=headers)
