"""`/v2`: the Open Inference Protocol, which the clients of KServe and Triton speak.

Exactly one model is served in exactly one version; any other is not found. What the bodies hold is
in `inference_request.py`, how OpenAPI describes them in `document.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from functools import partial
from typing import Any

from fastapi import FastAPI, Request
from starlette.responses import JSONResponse, Response

from dandelion_inference import __version__
from dandelion_inference.answer.engine import Alone
from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.front import docs
from dandelion_inference.front.routes.v2 import inference_request, inference_response
from dandelion_inference.front.routes.v2.document import (
    INFER_ANSWER,
    INFER_CODES,
    INFER_DOCUMENT,
    MODEL_CODES,
    InferResponse,
    Live,
    ModelMetadata,
    ModelReady,
    Ready,
    ServerMetadata,
)
from dandelion_inference.front.service import Service, service_of
from dandelion_inference.intake.upload import read_body
from dandelion_inference.model.contract import Contract
from dandelion_inference.ports.memory import return_freed_memory

# Of the protocol, in Triton's words.
EXTENSIONS = ["binary_tensor_data", "classification"]

# A longer JSON object is read by a worker, so that nobody else waits for it.
SHORT_JSON_BYTES = 64 * 1024


def add_v2(app: FastAPI, service: Service) -> None:
    codes = service.authorization_codes
    metadata = {
        "responses": docs.problems(*MODEL_CODES, *codes),
        "openapi_extra": docs.bearer(*codes),
    }
    reads: dict[str, dict[str, Any]] = {
        "": {
            "summary": "The server, and what it speaks",
            "endpoint": server_metadata,
            "response_model": ServerMetadata,
        },
        "/health/live": {
            "summary": "Is the process alive?",
            "endpoint": server_live,
            "response_model": Live,
        },
        "/health/ready": {
            "summary": "Does this pod answer?",
            "endpoint": server_ready,
            "response_model": Ready,
            "responses": docs.problems(Code.NOT_READY),
        },
        "/models/{name}": {
            "summary": "What the model takes and gives",
            "endpoint": model_metadata,
            "response_model": ModelMetadata,
            **metadata,
        },
        "/models/{name}/versions/{version}": {
            "summary": "The same, of a version",
            "endpoint": version_metadata,
            "response_model": ModelMetadata,
            **metadata,
        },
        "/models/{name}/ready": {
            "summary": "Does the model answer?",
            "endpoint": model_ready,
            "response_model": ModelReady,
            "responses": docs.problems(*MODEL_CODES),
        },
        "/models/{name}/versions/{version}/ready": {
            "summary": "The same, of a version",
            "endpoint": version_ready,
            "response_model": ModelReady,
            "responses": docs.problems(*MODEL_CODES),
        },
    }
    for path, route in reads.items():
        app.add_api_route(f"/v2{path}", methods=["GET"], **route)
    for path, summary, endpoint in (
        ("/models/{name}/infer", "Classify images given as a tensor", model_infer),
        ("/models/{name}/versions/{version}/infer", "The same, by a version", version_infer),
    ):
        app.add_api_route(
            f"/v2{path}",
            endpoint,
            methods=["POST"],
            summary=summary,
            response_model=InferResponse,
            responses=INFER_ANSWER | docs.problems(*INFER_CODES, *codes),
            openapi_extra=INFER_DOCUMENT | docs.bearer(*codes),
        )


async def server_metadata() -> Response:
    return JSONResponse({"name": "dandelion", "version": __version__, "extensions": EXTENSIONS})


async def server_live() -> Response:
    return JSONResponse({"live": True})


async def server_ready(request: Request) -> Response:
    service_of(request).require_ready()
    return JSONResponse({"ready": True})


async def model_metadata(request: Request, name: str) -> Response:
    return await _metadata(request, name, None)


async def version_metadata(request: Request, name: str, version: str) -> Response:
    return await _metadata(request, name, version)


async def model_ready(request: Request, name: str) -> Response:
    return _ready(service_of(request), name, None)


async def version_ready(request: Request, name: str, version: str) -> Response:
    return _ready(service_of(request), name, version)


async def model_infer(request: Request, name: str) -> Response:
    return await _infer(request, name, None)


async def version_infer(request: Request, name: str, version: str) -> Response:
    return await _infer(request, name, version)


async def _metadata(request: Request, name: str, version: str | None) -> Response:
    """Classes and shapes are for those who may predict; the protocol's clients can send tokens."""
    service = service_of(request)
    await service.authorize(request, "predict")
    _require_served(service, name, version)
    contract = service.readiness.require_model().contract
    return JSONResponse(
        {
            "name": service.settings.model_name,
            "versions": [service.settings.model_version],
            "platform": "openvino",
            **_tensors_of(contract),
        }
    )


def _ready(service: Service, name: str, version: str | None) -> Response:
    _require_served(service, name, version)
    service.require_ready()
    return JSONResponse({"name": name, "ready": True})


async def _infer(request: Request, name: str, version: str | None) -> Response:
    started = time.perf_counter()
    service = service_of(request)
    settings = service.settings
    await service.authorize(request, "predict")
    _require_served(service, name, version)
    model = service.readiness.require_model()
    with service.admit(request) as place:
        body = await read_body(request, settings.max_upload_bytes, service.pace, place)
        inference = await _read(request, service, body, model.contract)
        del body
        if inference.files:
            answered = await service.classify(request, model, inference.files, started, whole=True)
        else:
            with service.working(request, len(inference.tensors)) as progress:
                works = inference_response.works(model, inference.tensors, progress)
                outcomes = await service.while_wanted(request, service.engine.run(works))
            answered = service.answered(request, model, outcomes, progress, started)
    content, headers = inference_response.answer(
        (settings.model_name, settings.model_version), inference, model.contract.classes, answered
    )
    return Response(content, headers=headers)


async def _read(
    request: Request, service: Service, body: bytearray, contract: Contract
) -> inference_request.Inference:
    header = request.headers.get(inference_request.HEADER_LENGTH)
    read = partial(inference_request.read, body, header, contract, service.settings.max_files)
    if inference_request.json_bytes(body, header) <= SHORT_JSON_BYTES:
        return read()
    reading = service.engine.run([partial(_read_at_length, read)])
    [inference] = await service.while_wanted(request, reading)
    return inference


def _read_at_length(
    read: Callable[[], inference_request.Inference], _alone: Alone
) -> inference_request.Inference:
    try:
        return read()
    finally:
        return_freed_memory()


def _require_served(service: Service, name: str, version: str | None) -> None:
    settings = service.settings
    if name != settings.model_name or version not in (None, settings.model_version):
        raise RefusedError(
            Code.UNKNOWN_MODEL,
            f"Only the model {settings.model_name} in version {settings.model_version} is served "
            f"here: /v2/models/{settings.model_name}",
        )


def _tensors_of(contract: Contract) -> dict[str, Any]:
    _, *image = contract.input.shape
    classes = list(contract.classes)
    tensors: dict[str, dict[str, Any]] = {
        inference_request.PROBABILITIES: {
            "datatype": "FP32",
            "shape": [-1, len(classes)],
            "classes": classes,
        },
        inference_request.LABELS: {"datatype": "BYTES", "shape": [-1]},
        inference_request.UNKNOWN: {"datatype": "BOOL", "shape": [-1]},
        inference_request.UNKNOWN_SCORE: {"datatype": "FP32", "shape": [-1]},
    }
    return {
        "inputs": [{"name": contract.input.name, "datatype": "FP32", "shape": [-1, *image]}],
        "outputs": [
            {"name": name, **tensors[name]} for name in inference_request.outputs_of(contract)
        ],
    }
