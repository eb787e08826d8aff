"""The outermost layer: sees every request and every answer, whoever gave it.

It gives each an identity, counts, times and logs it. While the pod drains it tells each client to
open its next connection elsewhere, and a client that asks before it sends a body that nobody wants
is told not to. What every address has in common is done here: it is the same with a slash at its
end, and where it answers GET it answers HEAD. Wrapped around the application by `app.py`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dandelion_inference.errors import TABLE, Code
from dandelion_inference.front.access_log import AccessLog
from dandelion_inference.front.exchange import (
    ANSWER_ID,
    REQUEST_ID,
    SCOPE,
    Exchange,
    served,
)
from dandelion_inference.intake.identity import exemplar, identity
from dandelion_inference.model.readiness import Readiness
from dandelion_inference.ports.metrics import OTHER, UNMATCHED, Metrics, method_label
from dandelion_inference.ports.settings import Settings

CLOSE = (b"connection", b"close")
ANSWER_ID_NAME = ANSWER_ID.lower().encode()
REQUEST_ID_NAME = REQUEST_ID.lower().encode()

Headers = list[tuple[bytes, bytes]]


class Edge:
    def __init__(
        self,
        app: ASGIApp,
        settings: Settings,
        metrics: Metrics,
        readiness: Readiness,
        access_log: AccessLog,
        new_answer_id: Callable[[Sequence[bool]], str],
    ) -> None:
        self._app = app
        self._metrics = metrics
        self._readiness = readiness
        self._access_log = access_log
        self._new_answer_id = new_answer_id
        self._served = served(settings.model_name, settings.model_version)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        method = method_label(scope["method"])
        exchange = Exchange(identity(scope["headers"]))
        scope = _usual(scope)
        scope[SCOPE] = exchange
        status = 500
        withheld = _asks_first(scope)

        async def observed_receive() -> Message:
            nonlocal withheld
            withheld = False
            message = await receive()
            exchange.bytes_in += len(message.get("body", b""))
            return message

        async def observed_send(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                headers = [*message.get("headers", ()), *self._identified(exchange)]
                message["headers"] = headers
                if self._readiness.draining or withheld:
                    headers.append(CLOSE)
            await send(message)

        self._metrics.request_started()
        started = time.perf_counter()
        try:
            await self._app(scope, observed_receive, observed_send)
        finally:
            seconds = time.perf_counter() - started
            route = _route(scope)
            about = exemplar(exchange.identity)
            self._metrics.request_ended(method, route, status, seconds, about)
            self._access_log.ended(exchange, method, route, status, seconds)

    def refused(self, code: Code) -> Headers:
        """Accounts for a request that the server refuses before it has read it; what its answer
        says of itself."""
        exchange = Exchange(identity(()), problem=code)
        headers = self._identified(exchange)
        status = TABLE[code].status
        self._metrics.request_refused(status)
        self._access_log.ended(exchange, OTHER, UNMATCHED, status, 0.0)
        return headers

    def _identified(self, exchange: Exchange) -> Headers:
        if exchange.answer_id is None:
            exchange.answer_id = self._new_answer_id(())
        return [
            *self._served,
            (REQUEST_ID_NAME, exchange.identity.request_id.encode()),
            (ANSWER_ID_NAME, exchange.answer_id.encode()),
        ]


def _asks_first(scope: Scope) -> bool:
    """Whether the client waits for a 100, which the server sends once the body is read.

    Answered before that, it cannot know whether its body is still awaited, unless it is told that
    the connection ends (RFC 9110, section 10.1.1). What is written in Go sends it then; a proxy
    whose own client keeps it back fails at that and cuts the answer off (golang/go#67555).
    """
    return any(
        name == b"expect" and value.lower() == b"100-continue" for name, value in scope["headers"]
    )


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
