"""`/v1`: version 1 of KServe's protocol, which is TensorFlow Serving's REST interface.

Only what takes images as Base64 text; answers are those of `/predict`, whose member `predictions`
is the protocol's.
"""

from __future__ import annotations

from fastapi import FastAPI, Request
from pydantic import BaseModel
from starlette.responses import JSONResponse, Response

from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.front import docs
from dandelion_inference.front.routes.predict import (
    INSTANCES,
    PREDICT_CODES,
    TOP,
    PredictResponse,
    classified,
)
from dandelion_inference.front.service import Service, service_of
from dandelion_inference.intake.upload import read_document

DOCUMENT = {"type": "object", "required": ["instances"], "properties": {"instances": INSTANCES}}


class ModelReady(BaseModel):
    name: str
    ready: bool


def add_v1(app: FastAPI, service: Service) -> None:
    codes = service.authorization_codes
    app.add_api_route(
        "/v1/models/{name}",
        model_ready,
        methods=["GET"],
        summary="Does the model answer?",
        response_model=ModelReady,
        responses=docs.problems(Code.UNKNOWN_MODEL, Code.NOT_READY),
    )
    app.add_api_route(
        "/v1/models/{name}:predict",
        model_predict,
        methods=["POST"],
        summary="Classify images given as Base64 in JSON",
        response_model=PredictResponse,
        responses=docs.problems(*PREDICT_CODES, Code.UNKNOWN_MODEL, *codes),
        openapi_extra={
            "parameters": [TOP],
            "requestBody": {
                "required": True,
                "content": {"application/json": {"schema": DOCUMENT}},
            },
        }
        | docs.bearer(*codes),
    )


async def model_ready(request: Request, name: str) -> Response:
    service = service_of(request)
    _require_served(service, name)
    service.require_ready()
    return JSONResponse({"name": name, "ready": True})


async def model_predict(request: Request, name: str) -> Response:
    service = service_of(request)
    await service.authorize(request, "predict")
    _require_served(service, name)
    return await classified(request, read_document)


def _require_served(service: Service, name: str) -> None:
    served = service.settings.model_name
    if name != served:
        raise RefusedError(
            Code.UNKNOWN_MODEL, f"Only the model {served} is served here: /v1/models/{served}"
        )
