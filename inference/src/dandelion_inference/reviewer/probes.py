"""Is it alive, can it ask the API server, what does it count: on a port of its own."""

from __future__ import annotations

from starlette.applications import Starlette
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from dandelion_inference.errors import Code
from dandelion_inference.front.problems import problem
from dandelion_inference.reviewer.metrics import Metrics
from dandelion_inference.reviewer.standing import Standing


def create_probes(standing: Standing, metrics: Metrics) -> Starlette:
    app = Starlette(
        routes=[
            Route("/healthz", healthz),
            Route("/readyz", readyz),
            Route("/metrics", exposition),
            Route("/{path:path}", nothing_else),
        ]
    )
    app.state.standing = standing
    app.state.metrics = metrics
    return app


async def healthz(_request: Request) -> Response:
    return JSONResponse({"status": "ok"})


async def readyz(request: Request) -> Response:
    """Whether questions can be answered here, or why not."""
    standing: Standing = request.app.state.standing
    if standing.obstacle:
        return problem(Code.AUTH_UNAVAILABLE, standing.obstacle, request.url.path)
    return JSONResponse({"status": "ok"})


async def exposition(request: Request) -> Response:
    metrics: Metrics = request.app.state.metrics
    body, content_type = metrics.exposition(request.headers.get("accept", ""))
    return Response(body, headers={"Content-Type": content_type})


async def nothing_else(request: Request) -> Response:
    detail = "On this port are /healthz, /readyz and /metrics."
    return problem(Code.NOT_FOUND, detail, request.url.path)
