"""The HTTP interface: which address does what, and how the parts are put together.

Handlers parse, call, and shape the answer; the work is in `upload.py`, `predictor.py` and
`loader.py`. Built by `__main__`.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import partial
from typing import Any

from fastapi import FastAPI, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp

from dandelion_inference import __version__, docs, problems
from dandelion_inference.admission import Admission
from dandelion_inference.artifact import Promise
from dandelion_inference.edge import Edge
from dandelion_inference.errors import Code
from dandelion_inference.image import ImageReader
from dandelion_inference.loader import Loader
from dandelion_inference.metrics import Metrics
from dandelion_inference.model import compile_model
from dandelion_inference.predictor import Prediction, Predictor
from dandelion_inference.readiness import Readiness
from dandelion_inference.settings import Settings
from dandelion_inference.storage import S3Store
from dandelion_inference.upload import declared_size, read_images

# Bodies held at once, in units of the largest that is accepted.
UPLOADS_IN_MEMORY = 4


class ModelIdentity(BaseModel):
    name: str = Field(description="name of the ModelDeployment")
    version: str = Field(description="version in the model registry")


class Classified(BaseModel):
    label: str = Field(description="the most probable class")
    probability: float = Field(ge=0, le=1, description="its probability")
    scores: dict[str, float] = Field(description="the probability of every class")


class PredictResponse(BaseModel):
    model: ModelIdentity
    predictions: list[Classified] = Field(description="one for each image, in order")


class ReadyResponse(BaseModel):
    model: ModelIdentity


class Health(BaseModel):
    status: str


_BINARY = {"schema": {"type": "string", "format": "binary"}}
PREDICT_BODY: dict[str, Any] = {
    "requestBody": {
        "required": True,
        "description": "One image as the whole body, or a form with one or more of them. The "
        "format is told from the content: JPEG, PNG, WebP, BMP, GIF (its first frame) or TIFF.",
        "content": {
            "multipart/form-data": {
                "schema": {
                    "type": "object",
                    "required": ["file"],
                    "properties": {
                        "file": {
                            "type": "array",
                            "minItems": 1,
                            "items": {"type": "string", "format": "binary"},
                        }
                    },
                }
            },
            "image/*": _BINARY,
            "application/octet-stream": _BINARY,
        },
    }
}
PREDICT_PROBLEMS = docs.problems(
    Code.MALFORMED_REQUEST,
    Code.EMPTY_UPLOAD,
    Code.NOT_AN_IMAGE,
    Code.TRUNCATED_IMAGE,
    Code.BROKEN_IMAGE,
    Code.UPLOAD_TOO_SLOW,
    Code.UPLOAD_TOO_LARGE,
    Code.UNSUPPORTED_FORMAT,
    Code.UNSUPPORTED_ENCODING,
    Code.TOO_MANY_PIXELS,
    Code.MISSING_FILE,
    Code.TOO_MANY_FILES,
    Code.QUEUE_FULL,
    Code.INTERNAL_ERROR,
    Code.NOT_READY,
)


def create_app(settings: Settings, readiness: Readiness, threads: int) -> ASGIApp:
    metrics = Metrics(settings)
    predictor = Predictor(ImageReader(settings.max_pixels), threads)
    loader = _loader(settings, readiness, metrics, threads)

    @asynccontextmanager
    async def lifespan(_app: FastAPI) -> AsyncIterator[None]:
        loader.start()
        yield
        loader.stop()
        predictor.close()

    app = docs.DescribedApp(
        title=f"Dandelion: {settings.model_name}",
        version=__version__,
        description="Classifies images with one exact version of one model.",
        docs_url=None,
        redoc_url=None,
        lifespan=lifespan,
    )
    problems.install(app)
    docs.add_page(app)
    _add_predict(app, settings, readiness, predictor, metrics)
    _add_probes(app, settings, readiness, metrics)
    return Edge(app, metrics, readiness)


def _loader(settings: Settings, readiness: Readiness, metrics: Metrics, threads: int) -> Loader:
    bucket, prefix = settings.artifact_location
    return Loader(
        open_store=partial(S3Store, settings),
        promise=Promise(bucket, prefix, settings.contract_digest),
        folder=settings.artifact_dir,
        compile_model=partial(compile_model, threads=threads),
        readiness=readiness,
        on_ready=metrics.model_loaded,
    )


def _add_predict(
    app: FastAPI,
    settings: Settings,
    readiness: Readiness,
    predictor: Predictor,
    metrics: Metrics,
) -> None:
    limit = settings.max_upload_bytes
    admission = Admission(settings.max_requests, limit * UPLOADS_IN_MEMORY)

    @app.post(
        "/predict",
        summary="Classify one or more images",
        response_model=PredictResponse,
        responses=PREDICT_PROBLEMS,
        openapi_extra=PREDICT_BODY,
    )
    async def predict(request: Request) -> Response:
        model = readiness.require_model()
        with admission.admit(declared_size(request, limit)):
            images = await read_images(request, limit, settings.max_files, settings.upload_seconds)
            predictions = await predictor.predict(model, images)
        metrics.predicted(predictions)
        return JSONResponse(
            {
                "model": _identity(settings),
                "predictions": [_shown(prediction) for prediction in predictions],
            }
        )


def _add_probes(app: FastAPI, settings: Settings, readiness: Readiness, metrics: Metrics) -> None:
    @app.get("/healthz", summary="Is the process alive?", response_model=Health)
    async def healthz() -> Response:
        return JSONResponse({"status": "ok"})

    @app.get(
        "/readyz",
        summary="Does this pod answer, and with which version?",
        response_model=ReadyResponse,
        responses=docs.problems(Code.NOT_READY),
    )
    async def readyz() -> Response:
        readiness.require_ready()
        return JSONResponse({"model": _identity(settings)})

    @app.get(
        "/metrics",
        summary="Metrics for Prometheus",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    async def exposition(request: Request) -> Response:
        body, content_type = metrics.exposition(request.headers.get("accept", ""))
        return Response(body, headers={"Content-Type": content_type})


def _identity(settings: Settings) -> dict[str, str]:
    return {"name": settings.model_name, "version": settings.model_version}


def _shown(prediction: Prediction) -> dict[str, Any]:
    return {
        "label": prediction.label,
        "probability": prediction.probability,
        "scores": prediction.scores,
    }
