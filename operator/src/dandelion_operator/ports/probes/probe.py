"""One question to the inference pods: through the Service as a caller asks, or to one of them.

Ready may only be true if a request through the Service was answered, a pod that is not ready says
in its own words why, and one that is ready how far its answers are from the holdout's. Whatever
listens there may say anything: a question has an end, an answer a bound, and words are cut and
cleaned. Asked by `probes`.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from typing import Any

import httpx

from dandelion_operator.api.words import foreign, is_word, steady
from dandelion_operator.ports.probes.windows import windows
from dandelion_operator.seen.serving import Answer
from dandelion_operator.seen.windows import WindowsOfSize

TIMEOUT = httpx.Timeout(2.0)
SERVICE_SECONDS, POD_SECONDS = 5.0, 2.0
MAX_ANSWER_BYTES = 64 * 1024
DETAIL_LIMIT = 300
# For a moment after a replica was told to go, requests still reach it, and it says "not ready".
TRIES, PAUSE = 6, 0.4
# Version numbers of MLflow start at 1.
LARGEST_VERSION = 1 << 31
UNANSWERED = (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, OSError, ValueError)


class Probe:
    def __init__(
        self, http: httpx.AsyncClient, pause: float = PAUSE, seconds: float = SERVICE_SECONDS
    ) -> None:
        self._http = http
        self._pause = pause
        self._seconds = seconds

    async def service(self, address: str, port: int = 80) -> Answer:
        answer = Answer(None, "a request through the Service gets no whole answer in time")
        try:
            async with asyncio.timeout(self._seconds):
                for turn in range(TRIES):
                    if turn:
                        await asyncio.sleep(self._pause)
                    answer = await self._once(address, port)
                    if answer.version is not None:
                        break
        except TimeoutError:
            pass  # what was last said stands
        return answer

    async def _once(self, address: str, port: int) -> Answer:
        try:
            status, body = await self._get(address, port)
        except TimeoutError:
            raise
        except UNANSWERED as error:
            return Answer(None, f"a request through the Service fails: {_words(error)}")
        if not httpx.codes.is_success(status):
            reason, detail = _explained(status, body)
            return Answer(None, f"a request through the Service: {reason}: {detail}".rstrip(": "))
        try:
            version = int(body["model"]["version"])
        except (ValueError, KeyError, TypeError, OverflowError):
            version = 0
        if not 0 < version < LARGEST_VERSION:
            return Answer(None, "the Service answers, but not with the version of a model")
        return Answer(version)

    async def pod(self, address: str, port: int) -> tuple[str, str] | None:
        """Reason and detail of a pod that is not ready, where it can tell them."""
        try:
            async with asyncio.timeout(min(self._seconds, POD_SECONDS)):
                status, body = await self._get(address, port)
        except UNANSWERED:
            return None
        return None if httpx.codes.is_success(status) else _explained(status, body)

    async def drift(self, address: str, port: int) -> tuple[WindowsOfSize, ...] | None:
        """How far the last windows of a pod's answers are from those of the holdout; None where it
        does not tell, as one of a former release."""
        try:
            async with asyncio.timeout(min(self._seconds, POD_SECONDS)):
                status, body = await self._get(address, port, "/drift")
        except UNANSWERED:
            return None
        return windows(body) if httpx.codes.is_success(status) else None

    async def _get(
        self, address: str, port: int, path: str = "/readyz"
    ) -> tuple[int, Mapping[str, Any]]:
        """The status, and the object that the body is, where it is one of the size of an answer."""
        content = bytearray()
        async with self._http.stream("GET", _url(address, port, path)) as response:
            async for piece in response.aiter_bytes():
                content += piece
                if len(content) > MAX_ANSWER_BYTES:
                    return response.status_code, {}
        try:
            body = json.loads(content)
        except (ValueError, RecursionError):
            body = {}
        return response.status_code, body if isinstance(body, dict) else {}


def http_client() -> httpx.AsyncClient:
    # One connection a request: the next one may, and should, reach another pod.
    return httpx.AsyncClient(
        headers={"Accept-Encoding": "identity"},
        timeout=TIMEOUT,
        limits=httpx.Limits(max_keepalive_connections=0),
        trust_env=False,
    )


def _url(address: str, port: int, path: str) -> str:
    host = f"[{address}]" if ":" in address else address
    return f"http://{host}:{port}{path}"


def _explained(status: int, body: Mapping[str, Any]) -> tuple[str, str]:
    detail = steady(str(body.get("detail") or ""))
    for name in ("reason", "title"):
        said = body.get(name)
        if isinstance(said, str) and is_word(said.replace(" ", "")):
            return foreign(said, limit=64), foreign(detail, DETAIL_LIMIT)
    return f"HTTP {status}", ""


def _words(error: Exception) -> str:
    return foreign(steady(str(error))) or type(error).__name__
