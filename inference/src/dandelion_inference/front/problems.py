"""Every error answer as RFC 9457 problem JSON, the framework's own included.

Installed by `app.py`; the table of statuses is in `errors.py`.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Any

import structlog
from fastapi import FastAPI, Request
from fastapi.exceptions import RequestValidationError
from pydantic import BaseModel, Field
from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect
from starlette.responses import Response

from dandelion_inference.errors import TABLE, Code, RefusedError
from dandelion_inference.front.exchange import exchange_of

MEDIA_TYPE = "application/problem+json"

# Addresses whose clients look for `error`.
OF_THE_PROTOCOL = ("/v1/", "/v2/")

# The client has gone and nobody reads the answer; the number is the usual one in access logs.
CLIENT_CLOSED_REQUEST = 499

log = structlog.get_logger()


class ImageProblem(BaseModel):
    """What is wrong with one image of several."""

    type: str = Field(description="URI that identifies the kind of problem")
    title: str = Field(description="the kind of problem in words")
    status: int = Field(description="HTTP status of the answer, were it alone")
    detail: str = Field(description="what is wrong, and what to do")
    code: str = Field(description="machine-readable cause: one of the service's codes")


class Problem(ImageProblem):
    """RFC 9457 problem details."""

    instance: str = Field(description="path of the request")
    reason: str | None = Field(
        default=None, description="why the model is not ready (only with code NotReady)"
    )
    error: str | None = Field(
        default=None,
        description="the detail again, where clients of the Open Inference Protocol look for it "
        "(only under /v1 and /v2)",
    )
    problems: list[ImageProblem] | None = Field(
        default=None, description="one for each image that was refused, where several were"
    )


def install(app: FastAPI) -> None:
    app.add_exception_handler(RefusedError, _refusal)
    app.add_exception_handler(HTTPException, _http_exception)
    app.add_exception_handler(RequestValidationError, _validation_error)
    app.add_exception_handler(ClientDisconnect, _client_gone)
    app.add_exception_handler(Exception, _failure)


def problem(
    code: Code,
    detail: str,
    instance: str,
    headers: Mapping[str, str] | None = None,
    reason: str | None = None,
    each: Sequence[RefusedError] = (),
) -> Response:
    body = {**details(code, detail), "instance": instance}
    if each:
        body["problems"] = [details(error.code, error.detail) for error in each]
    if reason is not None:
        body["reason"] = reason
    if instance == "/v2" or instance.startswith(OF_THE_PROTOCOL):
        body["error"] = detail
    return Response(
        json.dumps(body, ensure_ascii=False),
        status_code=TABLE[code].status,
        headers=dict(headers or {}),
        media_type=MEDIA_TYPE,
    )


def details(code: Code, detail: str) -> dict[str, Any]:
    """As `ImageProblem`."""
    answer = TABLE[code]
    return {
        "type": f"urn:problem-type:dandelion:{_kebab(code)}",
        "title": answer.title,
        "status": answer.status,
        "detail": detail,
        "code": code.value,
    }


async def _refusal(request: Request, error: Exception) -> Response:
    assert isinstance(error, RefusedError)
    return _answer(request, error.code, error.detail, error.headers, error.reason, error.each)


async def _http_exception(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    path = request.url.path
    if error.status_code == HTTPStatus.NOT_FOUND:
        detail = f"{path} does not exist; /docs lists what does."
        return _answer(request, Code.NOT_FOUND, detail, error.headers)
    if error.status_code == HTTPStatus.METHOD_NOT_ALLOWED:
        allowed = (error.headers or {}).get("Allow", "another method")
        if allowed == "GET":
            allowed = "GET, HEAD"  # as `edge.py` has it
        detail = f"{path} does not accept {request.method}; use {allowed}."
        headers = {**(error.headers or {}), "Allow": allowed}
        return _answer(request, Code.METHOD_NOT_ALLOWED, detail, headers)
    return _answer(request, Code.MALFORMED_REQUEST, str(error.detail), error.headers)


async def _validation_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, RequestValidationError)
    detail = "; ".join(
        f"{'.'.join(str(part) for part in item['loc'])}: {item['msg']}" for item in error.errors()
    )
    return _answer(request, Code.INVALID_REQUEST, detail)


async def _client_gone(_request: Request, _error: Exception) -> Response:
    return Response(status_code=CLIENT_CLOSED_REQUEST)


async def _failure(request: Request, error: Exception) -> Response:
    request_id = exchange_of(request).identity.request_id
    log.error("request failed", path=request.url.path, request_id=request_id, exc_info=error)
    detail = "The service failed on this request; its log names the cause. Try again."
    return _answer(request, Code.INTERNAL_ERROR, detail)


def _answer(
    request: Request,
    code: Code,
    detail: str,
    headers: Mapping[str, str] | None = None,
    reason: str | None = None,
    each: Sequence[RefusedError] = (),
) -> Response:
    exchange_of(request).problem = code
    return problem(code, detail, request.url.path, headers, reason, each)


def _kebab(code: Code) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", code.value).lower()
