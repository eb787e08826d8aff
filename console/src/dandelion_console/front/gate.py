"""What every request passes first and every answer last: who may send it, how large, and what the
browser is held to.

A request that may change something comes from a page of this very site, or is refused before
anything is read of it: browsers say where it comes from in `Sec-Fetch-Site`, and in `Origin` also
where there is no https. Together with the cookie's `SameSite=Strict` each of the two is enough.
"""

from __future__ import annotations

import time

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dandelion_console.front.connection import answers
from dandelion_console.ports.metrics import FAULT, UNMATCHED, Metrics

SAFE = frozenset({"GET", "HEAD"})
CHANGING = frozenset({"POST"})

# Nothing from elsewhere, nothing inline, no frame around it, and no text ever becomes markup.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self'; "
    "connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=()",
    # Without any, a browser would name no origin in the forms of this site either.
    "Referrer-Policy": "same-origin",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}


class Gate:
    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        begun, status = time.monotonic(), FAULT

        async def send_held(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
                answers(scope)
                headers = MutableHeaders(scope=message)
                for name, value in HEADERS.items():
                    headers[name] = value
            await send(message)

        refusal = refused(scope["method"], Headers(scope=scope))
        try:
            await (refusal or self._app)(scope, receive, send_held)
        finally:
            seconds = time.monotonic() - begun
            self._metrics.answered(scope["method"], _route(scope), status, seconds)


def _route(scope: Scope) -> str:
    """As it was declared, with no name of anything in it."""
    path = getattr(scope.get("route"), "path", None)
    return path if isinstance(path, str) else UNMATCHED


def refused(method: str, headers: Headers) -> PlainTextResponse | None:
    if method in SAFE:
        return None
    if method not in CHANGING:
        return PlainTextResponse("Only GET and POST are known here.\n", 405, {"Allow": "GET, POST"})
    if not from_this_site(headers):
        return PlainTextResponse(
            "This request does not come from a page of this console, so nothing was done. Open the "
            "console itself and try again there.\n",
            403,
        )
    return None


def from_this_site(headers: Headers) -> bool:
    """Whether a browser sent it for a page of the site that it went to."""
    site, origin = headers.get("sec-fetch-site"), headers.get("origin")
    if site is not None and site != "same-origin":
        return False
    if origin is not None:
        return _same(origin, headers.get("host", ""))
    # A browser that sends neither is none that keeps to SameSite.
    return site is not None


def _same(origin: str, host: str) -> bool:
    return bool(host) and origin in {f"{scheme}://{host.lower()}" for scheme in ("http", "https")}
