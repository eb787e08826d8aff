"""How OpenAPI describes `/v2`. Used by `routes/v2`."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, Field

from dandelion_inference.errors import Code
from dandelion_inference.front.routes.v2 import inference_request


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
    data: list[bool | float | str] | None = Field(
        default=None, description="absent where the tensor follows the JSON"
    )


class AnswerParameters(BaseModel):
    answer_id: str = Field(
        description="names this answer, for feedback and in the prediction log; also the header "
        "Dandelion-Answer-Id"
    )


class InferResponse(BaseModel):
    name: str = Field(alias="model_name")
    version: str = Field(alias="model_version")
    id: str | None = Field(default=None, description="the request's own, where it has one")
    parameters: AnswerParameters
    outputs: list[OutputTensor]


def _parameters(**known: dict[str, Any]) -> dict[str, Any]:
    return {
        "type": ["object", "null"],
        "description": "What is not named here is ignored, hints such as priority, timeout and "
        "sequence_id among it.",
        "properties": known,
        "additionalProperties": {},
    }


_REQUEST: dict[str, Any] = {
    "type": "object",
    "required": ["inputs"],
    "properties": {
        "id": {"type": ["string", "null"], "maxLength": 1024},
        "parameters": _parameters(binary_data_output={"type": "boolean"}),
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
                    "parameters": _parameters(
                        binary_data_size={"type": "integer", "minimum": 0},
                        content_type={
                            "type": "string",
                            "description": "base64: the elements of binary data are Base64 too",
                        },
                    ),
                    "data": {"type": "array", "items": {}},
                },
            },
        },
        "outputs": {
            "type": ["array", "null"],
            "items": {
                "type": "object",
                "required": ["name"],
                "properties": {
                    "name": {
                        "type": "string",
                        "enum": list(inference_request.OUTPUTS),
                        "description": "unknown (BOOL [N]: the image may be none of the classes) "
                        "and unknown_score (FP32 [N], the lower the less like the classes) are "
                        "there for models that have a threshold",
                    },
                    "parameters": _parameters(
                        binary_data={"type": "boolean"},
                        classification={
                            "type": "integer",
                            "minimum": 0,
                            "description": "of probabilities: so many classes, the most probable "
                            "first, as BYTES [N, classes], each value:index:name; 0: the tensor",
                        },
                    ),
                },
            },
        },
    },
}
INFER_DOCUMENT: dict[str, Any] = {
    "parameters": [
        {
            "name": inference_request.HEADER_LENGTH,
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
MODEL_CODES = (Code.UNKNOWN_MODEL, Code.NOT_READY)
INFER_CODES = (
    Code.MALFORMED_REQUEST,
    Code.INVALID_TENSOR,
    Code.EMPTY_UPLOAD,
    Code.NOT_AN_IMAGE,
    Code.ADDRESS_NOT_FETCHED,
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
