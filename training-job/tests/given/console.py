"""The review service as the console calls it."""

import asyncio
from datetime import timedelta
from typing import Any

import httpx
from dandelion_training.commands.review.service.app import create_app
from dandelion_training.commands.review.service.renderer import Renderer
from dandelion_training.commands.review.service.reviews import Places, Reviews
from dandelion_training.ports.callers import CallerError, Callers
from dandelion_training.ports.storage import Location
from given.reviews import NOW, Reviewed

CONSOLE = "system:serviceaccount:dandelion-system:dandelion-console"
TOKENS = {"of-the-console": CONSOLE, "of-a-pod": "system:serviceaccount:default:default"}
HEADERS = {"Authorization": "Bearer of-the-console"}
MODEL = "/v1/models/default/lawn"


def whose(token: str) -> str:
    if token == "unanswered":
        raise CallerError("the API server does not answer")
    return TOKENS.get(token, "")


class Console:
    """What calls the service."""

    def __init__(self, reviewed: Reviewed) -> None:
        self.now = NOW
        places = Places(
            Location.parse("s3://predictions"), Location.parse("s3://models"), reviewed.keys
        )
        self.reviews = Reviews(
            reviewed.store, places, timedelta(days=30), lambda: self.now, lambda: 0.0
        )
        self.app = create_app(self.reviews, Callers(CONSOLE, whose, lambda: 0.0), Renderer())

    def ask(self, method: str, path: str, **request: Any) -> httpx.Response:
        async def asked() -> httpx.Response:
            transport = httpx.ASGITransport(self.app, raise_app_exceptions=False)
            async with httpx.AsyncClient(
                transport=transport, base_url="http://review", headers=HEADERS
            ) as client:
                return await client.request(method, path, **request)

        return asyncio.run(asked())

    def queue(self, share: str = "sample", by: str = "ada", **query: Any) -> list[dict[str, Any]]:
        asked = {"uid": "uid-1", "by": by, "share": share} | query
        answer = self.ask("GET", f"{MODEL}/queue", params=asked)
        assert answer.status_code == 200, answer.text
        items: list[dict[str, Any]] = answer.json()["items"]
        return sorted(items, key=lambda item: item["id"])

    def decide(
        self,
        item: dict[str, Any],
        label: str | None,
        /,
        by: str = "ada",
        people: int = 1,
        **about: Any,
    ) -> Any:
        said = {key: item[key] for key in ("id", "index", "image", "where", "source")}
        body = {"uid": "uid-1", "by": by, "people": people}
        body |= {"decisions": [said | {"label": label} | about]}
        self.now += timedelta(seconds=1)
        return self.ask("POST", f"{MODEL}/decisions", json=body)
