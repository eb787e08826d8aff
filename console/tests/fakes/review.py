"""What answers in place of the review service: a queue in memory, with what was asked of it."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import httpx
from dandelion_console.ports.review_service import ReviewService

PNG = b"\x89PNG\r\n\x1a\n"


def waiting(number: int, **about: Any) -> dict[str, Any]:
    return {
        "id": f"answer-{number}",
        "index": 0,
        "image": f"{number:064x}",
        "where": "date=2026-03-10/hour=10/pod-1.jsonl.gz",
        "source": "sample",
        "label": "dandelion",
        "probability": 0.731,
        "classes": ["daisy", "dandelion", "grass"],
        "unknown": False,
        "told": "",
        "version": "3",
        "time": "2026-03-10T10:00:00.000Z",
        "people": 0,
        **about,
    }


@dataclass
class FakeReview:
    """`refusal`: what it answers instead; `image`: what an image is read from."""

    items: dict[str, list[dict[str, Any]]] = field(default_factory=dict)
    before: str = ""
    refusal: httpx.Response | Exception | None = None
    requests: list[httpx.Request] = field(default_factory=list)
    media_type: str = "image/png"
    image: httpx.AsyncByteStream = field(default_factory=lambda: httpx.ByteStream(PNG))

    def service(self, folder: Path) -> ReviewService:
        token = folder / "review-token"
        token.write_text("token-of-the-console\n")
        http = httpx.AsyncClient(
            transport=httpx.MockTransport(self._answer), base_url="http://review"
        )
        return ReviewService(http, token)

    @property
    def decisions(self) -> list[dict[str, Any]]:
        return [
            json.loads(request.content) for request in self.requests if request.method == "POST"
        ]

    def _answer(self, request: httpx.Request) -> httpx.Response:
        self.requests.append(request)
        if isinstance(self.refusal, Exception):
            raise self.refusal
        if self.refusal is not None:
            return self.refusal
        assert request.headers["authorization"] == "Bearer token-of-the-console"
        if request.url.path.endswith("/queue"):
            items = self.items.get(request.url.params["share"], [])
            return httpx.Response(200, json={"items": items, "before": self.before})
        if "/images/" in request.url.path:
            headers = {"content-type": self.media_type}
            return httpx.Response(200, stream=self.image, headers=headers)
        return httpx.Response(200, json={"decided": 1, "voted": 0, "known": 0})
