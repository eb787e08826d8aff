"""Is it alive, is it ready, what does it count."""

from __future__ import annotations

from fastapi import FastAPI, Request
from pydantic import BaseModel, Field
from starlette.responses import JSONResponse, Response

from dandelion_inference.errors import Code
from dandelion_inference.front import docs
from dandelion_inference.front.service import Service


class ModelIdentity(BaseModel):
    name: str = Field(description="name of the ModelDeployment")
    version: str = Field(description="version in the model registry")


class ReadyResponse(BaseModel):
    model: ModelIdentity


class Health(BaseModel):
    status: str


def add_probes(app: FastAPI, service: Service) -> None:
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
        service.readiness.require_ready()
        return JSONResponse({"model": service.identity})

    @app.get(
        "/metrics",
        summary="Metrics for Prometheus",
        response_class=Response,
        responses={200: {"content": {"text/plain": {"schema": {"type": "string"}}}}},
    )
    async def exposition(request: Request) -> Response:
        body, content_type = service.metrics.exposition(request.headers.get("accept", ""))
        return Response(body, headers={"Content-Type": content_type})
