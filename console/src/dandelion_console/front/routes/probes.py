"""Whether the process lives, and whether anybody could log in."""

from __future__ import annotations

from fastapi import FastAPI
from starlette.responses import PlainTextResponse, Response

from dandelion_console.ports.session import KeyFileError, Sessions


def add_probes(app: FastAPI, sessions: Sessions) -> None:
    @app.get("/healthz")
    async def healthy() -> Response:
        return PlainTextResponse("ok\n")

    @app.get("/readyz")
    async def ready() -> Response:
        """Not whether the API server answers: then no console would be there to say that it does
        not.
        """
        try:
            sessions.check()
        except KeyFileError:
            return PlainTextResponse("there is no key for sessions; the log says why\n", 503)
        return PlainTextResponse("ok\n")
