"""Images to a model's own Service, and its answer back.

Nothing of a browser's request goes along but the bytes and whether they are a form. Where a Service
lies follows from the model's name, never from what its status says. Whoever may change the
namespace may let something else answer there: what comes is bounded, parsed, and never passed on as
it is, but for a picture, which is passed on as one.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any
from urllib.parse import quote

import httpx
import structlog

from dandelion_console.answer import Answer, ModelError, parse_answer, parse_problem
from dandelion_console.cluster.api import ApiError
from dandelion_console.cluster.model_tokens import ModelTokens
from dandelion_console.ports.bulkhead import Bulkhead, FullError

# To send what a slow visitor sends, and to have it answered.
SECONDS = 120
TIMEOUT = httpx.Timeout(SECONDS, connect=3, pool=5)
LIMITS = httpx.Limits(max_connections=64, max_keepalive_connections=16)
# To models of one namespace: pods that never answer take no connection from the others.
AT_ONCE = 16
PATIENCE = 5.0  # seconds
ANSWER_BYTES = 1024 * 1024
PICTURE_BYTES = 4 * 1024 * 1024  # of what the network sees: 512 pixels square, mostly fewer
PNG = b"\x89PNG\r\n\x1a\n"

AWAY = (
    "The model's Service does not answer: no pod of it is ready, or a NetworkPolicy keeps the "
    "console out. The page of the model says how it is."
)
NOT_KNOWN = (
    "The model's pods do not let the console in. Those of an earlier release do not know its token "
    "until their next rollout; and its account may need the right to call models, which "
    "console.account and rbac.create in the chart's values give it."
)
BUSY = "The console is asking the models of this namespace all that it may at once."
NO_ANSWER = "What answers at the model's Service is not the model."
# Of its statuses, those that mean the same to a person; any other is the console's trouble.
PASSED_ON = frozenset({400, 408, 409, 413, 415, 422, 429, 503, 504})

log = structlog.get_logger()


@dataclass(frozen=True)
class Upload:
    """A body on its way: `length` is in bytes, None where nobody has said it."""

    media_type: str
    length: int | None
    chunks: AsyncIterator[bytes]


class Models:
    def __init__(self, http: httpx.AsyncClient, tokens: ModelTokens, address: str) -> None:
        self._http = http
        self._tokens = tokens
        self._address = address
        self._places = Bulkhead(AT_ONCE, PATIENCE)

    async def predict(self, namespace: str, name: str, upload: Upload) -> Answer:
        """Raises ModelError, as all of these do, and as `ModelTokens.token` does."""
        content = await self._send(namespace, name, "predict", upload, ANSWER_BYTES)
        answer = parse_answer(content)
        if answer is None:
            raise ModelError(502, NO_ANSWER)
        return answer

    async def explain(self, namespace: str, name: str, label: str, upload: Upload) -> bytes:
        """A PNG."""
        path = f"explain?label={quote(label, safe='')}"
        content = await self._send(namespace, name, path, upload, PICTURE_BYTES)
        if not content.startswith(PNG):
            raise ModelError(502, NO_ANSWER)
        return content

    async def feedback(self, namespace: str, name: str, told: dict[str, Any]) -> None:
        """`told` is the id of an answer, the index of a prediction in it, and a label."""
        body = json.dumps(told).encode()

        async def once() -> AsyncIterator[bytes]:
            yield body

        upload = Upload("application/json", len(body), once())
        await self._send(namespace, name, "feedback", upload, ANSWER_BYTES)

    async def close(self) -> None:
        await self._http.aclose()

    async def _send(
        self, namespace: str, name: str, path: str, upload: Upload, limit: int
    ) -> bytes:
        address = self._address.format(namespace=namespace, name=name)
        headers = {"Content-Type": upload.media_type}
        if upload.length is not None:
            headers["Content-Length"] = str(upload.length)
        try:
            token = await self._tokens.token(namespace, name)
        except ApiError as error:
            # It is the console's account that may not, and nothing that the person could do.
            log.error("no token for a model", namespace=namespace, name=name, cause=str(error))
            raise ModelError(502, NOT_KNOWN) from error
        if token is not None:
            headers["Authorization"] = f"Bearer {token}"
        try:
            async with (
                self._places.place(namespace),
                asyncio.timeout(SECONDS),
                self._http.stream(
                    "POST", f"{address}/{path}", headers=headers, content=upload.chunks
                ) as answer,
            ):
                content = await _bounded(answer, limit)
        except FullError as error:
            raise ModelError(429, BUSY, "1") from error
        except (httpx.HTTPError, TimeoutError) as error:
            told = {"namespace": namespace, "name": name, "cause": type(error).__name__}
            log.warning("no answer of a model", **told)
            raise ModelError(503, AWAY, "5") from error
        if answer.is_success:
            return content
        raise _refusal(answer, content)


def _refusal(answer: httpx.Response, content: bytes) -> ModelError:
    problem = parse_problem(content)
    if answer.status_code in (401, 403):
        return ModelError(502, NOT_KNOWN)
    if problem is None or answer.status_code not in PASSED_ON:
        return ModelError(502, NO_ANSWER)
    wanted = answer.headers.get("retry-after", "")
    seconds = wanted if wanted.isascii() and wanted.isdecimal() else ""
    return ModelError(answer.status_code, problem.detail, seconds)


async def _bounded(answer: httpx.Response, limit: int) -> bytes:
    content = bytearray()
    if "content-encoding" in answer.headers:
        # Nobody asked for it, and unpacked it has no bound.
        raise ModelError(502, NO_ANSWER)
    async for chunk in answer.aiter_bytes():
        content += chunk
        if len(content) > limit:
            raise ModelError(502, NO_ANSWER)
    return bytes(content)


def connection() -> httpx.AsyncClient:
    return httpx.AsyncClient(
        timeout=TIMEOUT,
        limits=LIMITS,
        headers={"Accept-Encoding": "identity"},
        trust_env=False,
        follow_redirects=False,
    )
