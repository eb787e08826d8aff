"""`/v2`: the Open Inference Protocol, which the clients of KServe and Triton speak.

Exactly one model is served in exactly one version; any other is not found. What the bodies hold is
in `tensors.py`.
"""

from __future__ import annotations

import time
from typing import Any

from fastapi import FastAPI, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from dandelion_inference import __version__, docs, outputs, tensors
from dandelion_inference.contract import Contract
from dandelion_inference.engine import Alone
from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.memory import return_freed_memory
from dandelion_inference.service import Service
from dandelion_inference.upload import read_body

# A longer JSON object is read by a worker, so that nobody else waits for it.
SHORT_JSON_BYTES = 64 * 1024


class Live(BaseModel):
    live: bool


class Ready(BaseModel):
    ready: bool


class ModelReady(BaseModel):
    name: str
    ready: bool


class ServerMetadata(BaseModel):
    name: str
    version: str = Field(description="version of the server, not of the model")
    extensions: list[str]


class TensorMetadata(BaseModel):
    name: str
    datatype: str
    shape: list[int] = Field(description="-1 for as many as there are images")
    classes: list[str] | None = Field(default=None, description="what each column stands for")


class ModelMetadata(BaseModel):
    name: str
    versions: list[str]
    platform: str
    inputs: list[TensorMetadata]
    outputs: list[TensorMetadata]


class OutputTensor(BaseModel):
    name: str
    datatype: str
    shape: list[int]
    parameters: dict[str, int] | None = None
    data: list[float | str] | None = Field(
        default=None, description="absent where the tensor follows the JSON"
    )


class InferResponse(BaseModel):
    name: str = Field(alias="model_name")
    version: str = Field(alias="model_version")
    id: str | None = Field(default=None, description="the request's own, where it has one")
    outputs: list[OutputTensor]


_PARAMETERS = {
    "type": "object",
    "additionalProperties": {"type": ["boolean", "number", "string"]},
}
_REQUEST: dict[str, Any] = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {"type": "string", "maxLength": 1024},
        "parameters": {
            "type": "object",
            "properties": {"binary_data_output": {"type": "boolean"}},
            "additionalProperties": False,
        },
        "inputs": {
            "type": "array",
            "minItems": 1,
            "maxItems": 1,
            "items": {
                "type": "object",
                "required": ["name", "shape", "datatype"],
                "properties": {
                    "name": {"type": "string"},
                    "shape": {"type": "array", "items": {"type": "integer", "minimum": 0}},
                    "datatype": {"type": "string", "enum": ["FP32", "BYTES"]},
                    "parameters": _PARAMETERS,
                    "data": {"type": "array", "items": {}},
                },
            },
        },
        "outputs": {
            "type": "array",
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {"type": "string", "enum": list(tensors.OUTPUTS)},
                    "parameters": {
                        "type": "object",
                        "properties": {"binary_data": {"type": "boolean"}},
                        "additionalProperties": False,
                    },
                },
            },
        },
    },
}
INFER_DOCUMENT: dict[str, Any] = {
    "parameters": [
        {
            "name": tensors.HEADER_LENGTH,
            "in": "header",
            "required": False,
            "description": "Where the JSON ends and binary tensors begin.",
            "schema": {"type": "integer", "minimum": 0},
        }
    ],
    "requestBody": {
        "required": True,
        "description": "One input: the tensor as the network takes it, FP32 [N, 3, height, width], "
        "named and sized as the model's metadata say, scaled and normalised as for training; or "
        "`file`, BYTES [N]: encoded images, which the server decodes and prepares itself, as "
        "binary tensor data or as Base64 strings in the JSON. With binary tensor data the JSON "
        "comes first, the tensor follows it, and the header says where.",
        "content": {
            "application/json": {"schema": _REQUEST},
            "application/octet-stream": {"schema": {"type": "string", "format": "binary"}},
        },
    },
}
MODEL_PROBLEMS = docs.problems(Code.UNKNOWN_MODEL, Code.NOT_READY)
INFER_CODES = (
    Code.MALFORMED_REQUEST,
    Code.INVALID_TENSOR,
    Code.EMPTY_UPLOAD,
    Code.NOT_AN_IMAGE,
    Code.TRUNCATED_IMAGE,
    Code.BROKEN_IMAGE,
    Code.UNKNOWN_MODEL,
    Code.UPLOAD_TOO_SLOW,
    Code.UPLOAD_TOO_LARGE,
    Code.UNSUPPORTED_FORMAT,
    Code.UNSUPPORTED_ENCODING,
    Code.TOO_MANY_PIXELS,
    Code.QUEUE_FULL,
    Code.INTERNAL_ERROR,
    Code.NOT_READY,
    Code.DEADLINE_EXCEEDED,
)
INFER_ANSWER: dict[int | str, dict[str, Any]] = {
    200: {
        "description": "The outputs that were asked for; without a choice, all of them.",
        "content": {"application/octet-stream": {"schema": {"type": "string"}}},
    },
}


def add_v2(app: FastAPI, service: Service) -> None:
    _add_server(app, service)
    _add_model(app, service)
    _add_infer(app, service)


def _add_server(app: FastAPI, service: Service) -> None:
    @app.get("/v2/", include_in_schema=False)
    @app.get("/v2", summary="The server, and what it speaks", response_model=ServerMetadata)
    async def server_metadata() -> Response:
        return JSONResponse(
            {"name": "dandelion", "version": __version__, "extensions": ["binary_tensor_data"]}
        )

    @app.get("/v2/health/live", summary="Is the process alive?", response_model=Live)
    async def live() -> Response:
        return JSONResponse({"live": True})

    @app.get(
        "/v2/health/ready",
        summary="Does this pod answer?",
        response_model=Ready,
        responses=docs.problems(Code.NOT_READY),
    )
    async def ready() -> Response:
        service.readiness.require_ready()
        return JSONResponse({"ready": True})


def _add_model(app: FastAPI, service: Service) -> None:
    def metadata(name: str, version: str | None) -> Response:
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

    def ready(name: str, version: str | None) -> Response:
        _require_served(service, name, version)
        service.readiness.require_ready()
        return JSONResponse({"name": name, "ready": True})

    describes: dict[str, Any] = {"response_model": ModelMetadata, "responses": MODEL_PROBLEMS}
    tells: dict[str, Any] = {"response_model": ModelReady, "responses": MODEL_PROBLEMS}

    @app.get("/v2/models/{name}", summary="What the model takes and gives", **describes)
    async def model_metadata(name: str) -> Response:
        return metadata(name, None)

    @app.get("/v2/models/{name}/versions/{version}", summary="The same, of a version", **describes)
    async def version_metadata(name: str, version: str) -> Response:
        return metadata(name, version)

    @app.get("/v2/models/{name}/ready", summary="Does the model answer?", **tells)
    async def model_ready(name: str) -> Response:
        return ready(name, None)

    @app.get(
        "/v2/models/{name}/versions/{version}/ready", summary="The same, of a version", **tells
    )
    async def version_ready(name: str, version: str) -> Response:
        return ready(name, version)


def _add_infer(app: FastAPI, service: Service) -> None:
    settings = service.settings
    identity = (settings.model_name, settings.model_version)

    async def infer(request: Request, name: str, version: str | None) -> Response:
        started = time.perf_counter()
        await service.authorize(request, "predict")
        _require_served(service, name, version)
        model = service.readiness.require_model()
        with service.admit(request):
            body = await read_body(request, settings.max_upload_bytes, settings.upload_seconds)
            inference = await _read(request, body, model.contract)
            del body
            if inference.files:
                answered = await service.classify(request, model, inference.files, started)
            else:
                works = outputs.works(model, inference.tensors)
                answered = await service.judge(request, model, works, started)
        content, headers = outputs.answer(
            identity, inference, model.contract.classes, answered.predictions
        )
        return Response(content, headers=headers)

    async def _read(request: Request, body: bytearray, contract: Contract) -> tensors.Inference:
        header = request.headers.get(tensors.HEADER_LENGTH)

        def read() -> tensors.Inference:
            return tensors.read(body, header, contract, settings.max_files)

        def read_at_length(_alone: Alone) -> tensors.Inference:
            try:
                return read()
            finally:
                return_freed_memory()

        if tensors.json_bytes(body, header) <= SHORT_JSON_BYTES:
            return read()
        [inference] = await service.work(request, [read_at_length])
        return inference

    answers: dict[str, Any] = {
        "response_model": InferResponse,
        "responses": INFER_ANSWER | docs.problems(*INFER_CODES, *service.authorization_codes),
        "openapi_extra": INFER_DOCUMENT | docs.bearer(*service.authorization_codes),
    }

    @app.post("/v2/models/{name}/infer", summary="Classify images given as a tensor", **answers)
    async def model_infer(request: Request, name: str) -> Response:
        return await infer(request, name, None)

    @app.post(
        "/v2/models/{name}/versions/{version}/infer", summary="The same, by a version", **answers
    )
    async def version_infer(request: Request, name: str, version: str) -> Response:
        return await infer(request, name, version)


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
    return {
        "inputs": [{"name": contract.input.name, "datatype": "FP32", "shape": [-1, *image]}],
        "outputs": [
            {
                "name": tensors.PROBABILITIES,
                "datatype": "FP32",
                "shape": [-1, len(classes)],
                "classes": classes,
            },
            {"name": tensors.LABELS, "datatype": "BYTES", "shape": [-1]},
        ],
    }
