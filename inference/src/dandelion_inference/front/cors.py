"""Whose pages a browser lets call the service: cross-origin resource sharing, as Fetch defines it.

Wrapped around the application by `app.py` where `spec.serving.corsAllowedOrigins` names any. It
restrains browsers alone, and only pages that are not the service's own.
"""

from __future__ import annotations

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp

from dandelion_inference.errors import Code
from dandelion_inference.front.problems import problem

METHODS = ("GET", "HEAD", "POST")
# What a script may send beside what every page may.
REQUEST_HEADERS = (
    *("Authorization", "Content-Type", "Inference-Header-Content-Length"),
    *("X-Request-Id", "traceparent", "tracestate"),
)
# What a script may read beside what every page may.
ANSWER_HEADERS = (
    *("Dandelion-Answer-Id", "Dandelion-Model", "Dandelion-Model-Version", "X-Request-Id"),
    *("Dandelion-Label", "Dandelion-Method", "Inference-Header-Content-Length"),
    *("Retry-After", "WWW-Authenticate"),
)
# How long a browser remembers it, in seconds; a change of the field takes so long to arrive.
REMEMBERED_SECONDS = 600


class Cors(CORSMiddleware):
    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        """`origins` as a browser writes them, or `*` alone.

        Tokens are sent by the page's own script, so the browser's credentials (cookies,
        certificates) are never wanted.
        """
        super().__init__(
            app,
            allow_origins=origins,
            allow_methods=METHODS,
            allow_headers=REQUEST_HEADERS,
            expose_headers=ANSWER_HEADERS,
            max_age=REMEMBERED_SECONDS,
        )

    def preflight_response(self, request_headers: Headers) -> Response:
        answer = super().preflight_response(request_headers)
        if answer.status_code < 400:
            return answer
        refused = problem(
            Code.FORBIDDEN,
            f"{bytes(answer.body).decode()}: pages may call from the origins in "
            f"spec.serving.corsAllowedOrigins, with the methods {', '.join(METHODS)} and the "
            f"headers {', '.join(REQUEST_HEADERS)}.",
            "",
        )
        own = {"content-type", "content-length"}
        for name, value in answer.headers.items():
            if name not in own:
                refused.headers[name] = value
        return refused
