"""`GET /model`: what is served here, how good it was, and what it takes.

All of it is in the contract and in the settings. Where things lie, and who may read them there, is
nobody's business here: no bucket, no address and no key is told.
"""

from __future__ import annotations

from typing import Any

from dandelion_pictures import ACCEPTED
from dandelion_pictures.cost import MAX_WORK
from fastapi import FastAPI, Request
from pydantic import BaseModel, ConfigDict, Field, TypeAdapter
from pydantic.alias_generators import to_camel
from starlette.responses import JSONResponse, Response

from dandelion_inference.errors import Code
from dandelion_inference.front import docs
from dandelion_inference.front.service import Service, service_of
from dandelion_inference.model.contract import Contract
from dandelion_inference.ports.settings import Settings

FORMATS = ACCEPTED.replace(" or ", ", ").split(", ")


class _Told(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True)


class HoldoutMetrics(_Told):
    accuracy: float | None = None
    macro_f1: float | None = Field(default=None, alias="macroF1")
    holdout_images: int | None = Field(default=None, description="that they were measured on")
    precision: str = Field(description="that they were measured in: the one that training chose")


class DatasetIdentity(_Told):
    version: str = Field(description="digest of the list of its images")
    images: int
    train: int = Field(description="of these, what the network learnt from")
    holdout: int = Field(description="of these, what it was measured on")


class Limits(_Told):
    """What a request may take; what is over it is refused with these figures."""

    upload_bytes: int = Field(description="of a body, and of one line of a stream")
    files: int = Field(description="images in one request; a stream has any number")
    decoding_bytes: int = Field(
        description="to decode one image in: what the memory of a replica leaves for that"
    )
    decoding_seconds: float = Field(description="of a processor, to decode one image in, roughly")
    form_parts: int = Field(description="of a form, files or not")
    part_header_bytes: int = Field(description="of one header of a part")
    headers: int
    header_bytes: int = Field(description="of the request line with its headers")
    requests: int = Field(description="taken on at once by one replica")
    streams: int = Field(description="of lines, taken on at once by one replica")
    connections: int = Field(description="open at once to one replica")
    request_seconds: float = Field(description="from the whole body to its answer")
    upload_seconds: float = Field(description="for a body, and for one line of a stream")
    upload_bytes_per_second: int = Field(description="mean rate below which a body is refused")


class ModelResponse(_Told):
    name: str = Field(description="name of the ModelDeployment")
    version: str = Field(description="version in the model registry")
    digest: str = Field(description="digest of the artifact's contract, which proves all of it")
    architecture: str
    run: str = Field(description="the training run that made it")
    dataset: DatasetIdentity | None = None
    classes: list[str] = Field(description="in the order of the network's outputs")
    metrics: HoldoutMetrics
    precision: str = Field(description="what is computed in here")
    preprocessing: dict[str, Any] = Field(description="from an upright sRGB image to the input")
    calibration: dict[str, Any] = Field(
        description="from logits to probabilities, and where an image may be none of the classes"
    )
    formats: list[str] = Field(description="of image files, told from the content")
    limits: Limits


def add_model(app: FastAPI, service: Service) -> None:
    codes = service.authorization_codes
    app.add_api_route(
        "/model",
        model,
        methods=["GET"],
        summary="What is served, how good it was, and what it takes",
        response_model=ModelResponse,
        responses=docs.problems(Code.NOT_READY, *codes),
        openapi_extra=docs.bearer(*codes),
    )


async def model(request: Request) -> Response:
    service = service_of(request)
    await service.authorize(request, "predict")
    served = service.readiness.require_model()
    decoding_bytes = service.decoders.budget.size
    return JSONResponse(
        described(service.settings, served.contract, served.precision.value, decoding_bytes)
    )


def described(
    settings: Settings, contract: Contract, precision: str, decoding_bytes: int
) -> dict[str, Any]:
    """As `ModelResponse`: a contract that is served with these settings, in this precision."""
    metrics = contract.metrics.model_dump(by_alias=True, exclude_none=True)
    metrics["precision"] = contract.precision.choice.value
    told: dict[str, Any] = {
        "name": settings.model_name,
        "version": settings.model_version,
        "digest": settings.contract_digest,
        "architecture": contract.architecture,
        "run": contract.run,
        "classes": contract.classes,
        "metrics": metrics,
        "precision": precision,
        "preprocessing": TypeAdapter(type(contract.preprocessing)).dump_python(
            contract.preprocessing, mode="json", by_alias=True
        ),
        "calibration": contract.calibration.model_dump(
            mode="json", by_alias=True, exclude_none=True
        ),
        "formats": FORMATS,
        "limits": limits(settings, decoding_bytes).model_dump(by_alias=True),
    }
    dataset = contract.dataset
    if dataset is not None:
        metrics["holdoutImages"] = dataset.holdout
        told["dataset"] = {
            "version": dataset.digest,
            "images": dataset.images,
            "train": dataset.train,
            "holdout": dataset.holdout,
        }
    return told


def limits(settings: Settings, decoding_bytes: int) -> Limits:
    return Limits(
        upload_bytes=settings.max_upload_bytes,
        files=settings.max_files,
        decoding_bytes=decoding_bytes,
        decoding_seconds=MAX_WORK / 1e9,
        form_parts=max(settings.max_form_parts, settings.max_files),
        part_header_bytes=settings.max_part_header_bytes,
        headers=settings.max_headers,
        header_bytes=settings.max_head_bytes,
        requests=settings.queue_limit,
        streams=settings.stream_limit,
        connections=settings.max_connections,
        request_seconds=settings.request_timeout_seconds,
        upload_seconds=settings.upload_seconds,
        upload_bytes_per_second=settings.upload_min_bytes_per_second,
    )
