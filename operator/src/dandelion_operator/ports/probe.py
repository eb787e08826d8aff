"""Asking the inference pods themselves: through the Service as a caller does, and one by one.

Used by `observe`: Ready may only be true if a request through the Service was answered, and a pod
that is not ready says in its own words why.
"""

from __future__ import annotations

import asyncio

import httpx

from dandelion_operator.seen.serving import Answer

TIMEOUT = httpx.Timeout(2.0)
# For a moment after a replica was told to go, requests still reach it, and it says "not ready".
TRIES, PAUSE = 6, 0.4


class Probe:
    def __init__(self, http: httpx.AsyncClient, pause: float = PAUSE) -> None:
        self._http = http
        self._pause = pause

    async def service(self, address: str, port: int = 80) -> Answer:
        answer = await self._once(address, port)
        for _ in range(TRIES - 1):
            if answer.version is not None:
                break
            await asyncio.sleep(self._pause)
            answer = await self._once(address, port)
        return answer

    async def _once(self, address: str, port: int) -> Answer:
        try:
            response = await self._http.get(_url(address, port))
            if response.is_success:
                return Answer(int(response.json()["model"]["version"]))
            reason, detail = _explained(response)
            return Answer(None, f"a request through the Service: {reason}: {detail}")
        except httpx.HTTPError as error:
            return Answer(None, f"a request through the Service fails: {_words(error)}")
        except (ValueError, KeyError, TypeError):
            return Answer(None, "the Service answers, but not with the version of a model")

    async def pod(self, address: str, port: int = 8080) -> tuple[str, str] | None:
        """Reason and detail of a pod that is not ready, where it can tell them."""
        try:
            response = await self._http.get(_url(address, port))
        except httpx.HTTPError:
            return None
        if response.is_success:
            return None
        return _explained(response)


def http_client() -> httpx.AsyncClient:
    # One connection a request: the next one may, and should, reach another pod.
    return httpx.AsyncClient(
        timeout=TIMEOUT, limits=httpx.Limits(max_keepalive_connections=0), trust_env=False
    )


def _url(address: str, port: int) -> str:
    host = f"[{address}]" if ":" in address else address
    return f"http://{host}:{port}/readyz"


def _explained(response: httpx.Response) -> tuple[str, str]:
    try:
        body = response.json()
        reason = body.get("reason") or body.get("title") or f"HTTP {response.status_code}"
        return str(reason), str(body.get("detail") or "")
    except (ValueError, AttributeError):
        return f"HTTP {response.status_code}", ""


def _words(error: httpx.HTTPError) -> str:
    return str(error) or type(error).__name__
