"""Is it alive, is it ready, what does it count."""

from __future__ import annotations

from fastapi import FastAPI, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from dandelion_inference.errors import Code
from dandelion_inference.front import docs
from dandelion_inference.front.service import service_of


class ModelIdentity(BaseModel):
    name: str = Field(description="name of the ModelDeployment")
    version: str = Field(description="version in the model registry")


class ReadyResponse(BaseModel):
    model: ModelIdentity


class Health(BaseModel):
    status: str


def add_probes(app: FastAPI) -> None:
    app.add_api_route("/healthz", healthz, summary="Is the process alive?", response_model=Health)
    app.add_api_route(
        "/readyz",
        readyz,
        summary="Does this pod answer, and with which version?",
        response_model=ReadyResponse,
        responses=docs.problems(Code.NOT_READY),
    )
    app.add_api_route(
        "/metrics",
        exposition,
        summary="Metrics for Prometheus",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )


async def healthz() -> Response:
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> Response:
    service = service_of(request)
    service.readiness.require_ready()
    return JSONResponse({"model": service.identity})


async def exposition(request: Request) -> Response:
    metrics = service_of(request).metrics
    body, content_type = metrics.exposition(request.headers.get("accept", ""))
    return Response(body, headers={"Content-Type": content_type})
