"""What answers in place of models' pods; it keeps every request and what it brought."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

import httpx

ANSWER: dict[str, Any] = {
    "id": "signed-id",
    "model": {"name": "lawn", "version": "3"},
    "predictions": [
        {
            "label": "daisy",
            "probability": 0.913,
            "scores": {"clover": 0.087, "daisy": 0.913, "<b>moss</b>": 0.0},
        }
    ],
}
PNG = b"\x89PNG\r\n\x1a\n and so on"


@dataclass
class FakeServing:
    """`answer` to /predict; `broken` in place of any."""

    answer: object = field(default_factory=lambda: ANSWER)
    picture: bytes = PNG
    broken: Exception | httpx.Response | None = None
    requests: list[httpx.Request] = field(default_factory=list)
    bodies: list[bytes] = field(default_factory=list)

    def client(self) -> httpx.AsyncClient:
        return httpx.AsyncClient(transport=httpx.MockTransport(self._answered))

    async def _answered(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        self.bodies.append(await request.aread())
        if isinstance(self.broken, Exception):
            raise self.broken
        if self.broken is not None:
            return self.broken
        if request.url.path == "/explain":
            return httpx.Response(200, content=self.picture)
        if request.url.path == "/feedback":
            return httpx.Response(202, json={})
        return httpx.Response(200, json=self.answer)


def problem(status: int, code: str, detail: str, **headers: str) -> httpx.Response:
    return httpx.Response(status, json={"code": code, "detail": detail}, headers=headers)
