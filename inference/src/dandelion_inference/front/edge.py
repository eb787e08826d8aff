"""The outermost layer: sees every request and every answer, whoever gave it.

It counts and times them, and while the pod drains it tells each client to open its next connection
elsewhere. What every address has in common is done here: it is the same with a slash at its end,
and where it answers GET it answers HEAD. Wrapped around the application by `app.py`.
"""

from __future__ import annotations

import time

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dandelion_inference.model.readiness import Readiness
from dandelion_inference.ports.metrics import Metrics

UNMATCHED = "unmatched"
CLOSE = (b"connection", b"close")


class Edge:
    def __init__(self, app: ASGIApp, metrics: Metrics, readiness: Readiness) -> None:
        self._app = app
        self._metrics = metrics
        self._readiness = readiness

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = scope["method"]
        scope = _usual(scope)
        status = 500

        async def observed_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                if self._readiness.draining:
                    message["headers"] = [*message.get("headers", ()), CLOSE]
            await send(message)

        self._metrics.request_started()
        started = time.perf_counter()
        try:
            await self._app(scope, receive, observed_send)
        finally:
            seconds = time.perf_counter() - started
            self._metrics.request_ended(method, _route(scope), status, seconds)


def _usual(scope: Scope) -> Scope:
    """The request as the routes know it. The server, which sees the original, sends no body to
    HEAD.

    A redirect to the other spelling would have to know the scheme, which ends at a proxy's TLS,
    and many clients do not send a body twice. Relative links on pages lead elsewhere below a slash,
    so there is none for those.
    """
    path = scope["path"]
    if scope["method"] == "HEAD":
        scope = {**scope, "method": "GET"}
    if path.endswith("/") and len(path) > 1 and path != "/docs/":
        scope = {**scope, "path": path.rstrip("/") or "/"}
    return scope


def _route(scope: Scope) -> str:
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else UNMATCHED
