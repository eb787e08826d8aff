"""Is it alive, is it ready, what does it count, have images drifted: asked by the cluster, on a
port of its own.

The port is in no Service, so a caller of the model reads neither counts nor what holds a pod up. On
the public one there is only what a caller may know: which version answers. The operator asks for
that through the Service, as callers do; former operators do too, so a way back to one finds it.
"""

from __future__ import annotations

from fastapi import FastAPI, Request
from pydantic import BaseModel, Field
from starlette.applications import Starlette
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dandelion_inference.answer.drift.recent import Compared, Counted, RecentWindows
from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.front.problems import problem
from dandelion_inference.front.service import service_of
from dandelion_inference.journal.rows import timestamp
from dandelion_inference.model.readiness import Readiness
from dandelion_inference.model.reference import DriftThresholds
from dandelion_inference.ports.metrics import Metrics
from dandelion_inference.ports.settings import Settings


class ModelIdentity(BaseModel):
    name: str = Field(description="name of the ModelDeployment")
    version: str = Field(description="version in the model registry")


def create_probes(
    settings: Settings, readiness: Readiness, metrics: Metrics, windows: RecentWindows
) -> Starlette:
    """The application of the port of probes and metrics."""
    app = Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/drift", drift),
            Route("/metrics", exposition),
            Route("/{path:path}", nothing_else),
        ]
    )
    app.state.identity = {"name": settings.model_name, "version": settings.model_version}
    app.state.readiness = readiness
    app.state.metrics = metrics
    app.state.windows = windows
    return app


async def healthz(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> Response:
    """Which version this pod answers with, or why it does not."""
    readiness: Readiness = request.app.state.readiness
    try:
        readiness.require_ready()
    except RefusedError as why:
        return problem(why.code, why.detail, request.url.path, why.headers, why.reason)
    return JSONResponse({"model": request.app.state.identity})


async def drift(request: Request) -> Response:
    """How far the last windows of answers are from those of the holdout, in units of a threshold.

    No window where the contract has no thresholds.
    """
    readiness: Readiness = request.app.state.readiness
    windows: RecentWindows = request.app.state.windows
    try:
        statistics = readiness.require_model().contract.reference
    except RefusedError as why:
        return problem(why.code, why.detail, request.url.path, why.headers, why.reason)
    thresholds = statistics.drift if statistics is not None else DriftThresholds()
    return JSONResponse(
        {
            "model": request.app.state.identity,
            "falseAlarmRate": thresholds.rate,
            "windows": [
                _of_size(window.answers, windows.of(window.answers))
                for window in thresholds.windows
            ],
        }
    )


def _of_size(answers: int, counted: Counted) -> dict[str, object]:
    return {
        "answers": answers,
        "compared": counted.compared,
        "exceeded": counted.exceeded,
        "last": [_of_window(window) for window in counted.last],
    }


def _of_window(window: Compared) -> dict[str, object]:
    return {
        "time": timestamp(window.time),
        "ratio": window.ratio(window.furthest),
        "statistic": window.furthest,
        "exceeded": window.exceeded,
        "statistics": {
            statistic: {
                "score": window.scores[statistic],
                "threshold": threshold,
                "ratio": window.ratio(statistic),
            }
            for statistic, threshold in window.thresholds.items()
        },
    }


async def exposition(request: Request) -> Response:
    metrics: Metrics = request.app.state.metrics
    body, content_type = metrics.exposition(request.headers.get("accept", ""))
    return Response(body, headers={"Content-Type": content_type})


async def nothing_else(request: Request) -> Response:
    detail = "On this port are /healthz, /readyz, /drift and /metrics."
    return problem(Code.NOT_FOUND, detail, request.url.path)


def add_version(app: FastAPI) -> None:
    app.add_api_route("/readyz", version, include_in_schema=False)


async def version(request: Request) -> Response:
    service = service_of(request)
    service.require_ready()
    return JSONResponse({"model": service.identity})
