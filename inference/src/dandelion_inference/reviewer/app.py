"""The address at which serving pods ask: `POST /v1/reviews`, and nothing else.

A question is a token, the ModelDeployment and the subresource that it is to be good for; it names
nobody, so an answer is about whoever holds the token. `intake/reviews.py` says what both look like.
Served by `__main__`.
"""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping

import structlog
from pydantic import ValidationError
from starlette.applications import Starlette
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, Request
from starlette.responses import Response
from starlette.routing import Route
from starlette.types import Message, Receive, Scope, Send

from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.front.edge import CLOSE, Headers
from dandelion_inference.front.problems import CLIENT_CLOSED_REQUEST, problem
from dandelion_inference.intake.identity import identity
from dandelion_inference.intake.reviews import MAX_QUESTION_BYTES, PATH, Question
from dandelion_inference.reviewer.api_server import ApiServer
from dandelion_inference.reviewer.reviews import Reviews
from dandelion_inference.reviewer.standing import Standing

# For a question to come in, in seconds.
BODY_SECONDS = 5.0

log = structlog.get_logger()


class App:
    """The application, and what every answer of a pod that ends has."""

    def __init__(self, reviews: Reviews, standing: Standing, api: ApiServer) -> None:
        @contextlib.asynccontextmanager
        async def lifespan(_app: Starlette) -> AsyncIterator[None]:
            looking = asyncio.create_task(standing.run(api))
            try:
                yield
            finally:
                looking.cancel()
                reviews.close()

        self._standing = standing
        self._app = Starlette(
            routes=[Route(PATH, review, methods=["POST"])],
            exception_handlers={
                RefusedError: _refusal,
                HTTPException: _http_exception,
                ClientDisconnect: _client_gone,
                Exception: _failure,
            },
            lifespan=lifespan,
        )
        self._app.state.reviews = reviews

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        async def observed(message: Message) -> None:
            if message["type"] == "http.response.start" and self._standing.draining:
                # Serving pods keep their connections: the next question goes to another pod.
                message["headers"] = [*message.get("headers", ()), CLOSE]
            await send(message)

        await self._app(scope, receive, observed)

    def refused(self, _code: Code) -> Headers:
        return []


async def review(request: Request) -> Response:
    reviews: Reviews = request.app.state.reviews
    question = _question(await _body(request))
    sender = request.client.host if request.client is not None else ""
    trace = identity(request.scope["headers"]).trace
    headers: Mapping[str, str] = trace.headers if trace is not None else {}
    answer = await reviews.review(question, sender, headers)
    return Response(answer.model_dump_json(), media_type="application/json")


async def _body(request: Request) -> bytes:
    body = b""
    try:
        async with asyncio.timeout(BODY_SECONDS):
            async for part in request.stream():
                body += part
                if len(body) > MAX_QUESTION_BYTES:
                    raise RefusedError(
                        Code.UPLOAD_TOO_LARGE, f"A question has at most {MAX_QUESTION_BYTES} bytes."
                    )
    except TimeoutError as error:
        raise RefusedError(
            Code.UPLOAD_TOO_SLOW, f"A question has to come within {BODY_SECONDS:g} s."
        ) from error
    return body


def _question(body: bytes) -> Question:
    try:
        return Question.model_validate_json(body)
    except ValidationError as error:
        # What was sent holds a token, so none of it is repeated.
        detail = "; ".join(
            f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}".removeprefix(": ")
            for item in error.errors(include_input=False, include_url=False, include_context=False)
        )
        raise RefusedError(Code.INVALID_REQUEST, detail) from error


async def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    return problem(error.code, error.detail, request.url.path, error.headers)


async def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    code = Code.METHOD_NOT_ALLOWED if error.status_code == 405 else Code.NOT_FOUND
    return problem(code, f"Here is POST {PATH}.", request.url.path, error.headers)


async def _client_gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=CLIENT_CLOSED_REQUEST)


async def _failure(request: Request, error: Exception) -> Response:
    log.error("question failed", path=request.url.path, exc_info=error)
    return problem(Code.INTERNAL_ERROR, "The log names the cause.", request.url.path)
