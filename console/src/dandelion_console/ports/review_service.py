"""The review service: what waits to be reviewed, its images, and decisions.

It has the key that reads logs and signs decisions, and believes this console who decides. It is
shown a token of the console's own account, which is good for nothing else; the kubelet renews it in
its file, so it is read anew each time.
"""

from __future__ import annotations

import json
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any, TypeVar

import httpx
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from dandelion_console.ports.bulkhead import Bulkhead, FullError

# A page of the queue may take the service 20 seconds.
TIMEOUT = httpx.Timeout(40, connect=3)
LIMITS = httpx.Limits(max_connections=32, max_keepalive_connections=8)
# For one namespace: whoever reads images slowly takes no connection from the others. A reviewer's
# page asks for four at once.
AT_ONCE = 16
PATIENCE = 10.0  # seconds
# What browsers show; the service makes others into one of them.
IMAGES = frozenset(f"image/{kind}" for kind in ("jpeg", "png", "gif", "bmp", "webp", "avif"))


class ReviewError(Exception):
    """The service said no, or nothing; `message` says why."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status
        self.message = message


class Part(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, extra="ignore", frozen=True)


SomePart = TypeVar("SomePart", bound=Part)


class Waiting(Part):
    """An image that waits. `where` leads to its answer, `likely` are the most probable others of
    its `classes`, `people` counts who said something of it.
    """

    id: str
    index: int
    image: str = Field(pattern=r"^[0-9a-f]{64}$")
    where: str
    source: str
    label: str
    probability: float
    classes: tuple[str, ...]
    likely: tuple[str, ...] = ()
    unknown: bool = False
    told: str = ""
    version: str = ""
    time: str = ""
    people: int = 0


class Queue(Part):
    """`before`: where to look on, or empty."""

    items: tuple[Waiting, ...]
    before: str = ""
    unreadable: int = 0
    passed_over: int = 0


class Kept(Part):
    decided: int
    voted: int
    known: int


@dataclass(frozen=True)
class Model:
    namespace: str
    name: str
    uid: str

    @property
    def path(self) -> str:
        return f"/v1/models/{self.namespace}/{self.name}"


class ReviewService:
    def __init__(self, http: httpx.AsyncClient | None, token_file: Path) -> None:
        """None: this installation has none."""
        self._http = http
        self._token_file = token_file
        self._places = Bulkhead(AT_ONCE, PATIENCE)

    def __bool__(self) -> bool:
        return self._http is not None

    async def queue(
        self, model: Model, person: str, share: str, people: int, limit: int, before: str
    ) -> Queue:
        """What waits for this person; raises ReviewError."""
        query = {
            "uid": model.uid,
            "by": person,
            "share": share,
            "people": str(people),
            "limit": str(limit),
            "before": before,
        }
        async with self._answer("GET", model, "queue", params=query) as answer:
            return _understood(Queue, await answer.aread())

    async def decide(self, model: Model, person: str, people: int, said: Mapping[str, Any]) -> Kept:
        """Keep one decision; raises ReviewError."""
        body = {"uid": model.uid, "by": person, "people": people, "decisions": [said]}
        async with self._answer("POST", model, "decisions", json=body) as answer:
            return _understood(Kept, await answer.aread())

    @asynccontextmanager
    async def image(
        self, namespace: str, name: str, sha256: str, rendered: bool = False
    ) -> AsyncIterator[tuple[str, AsyncIterator[bytes]]]:
        """Its media type and its bytes as they come; `rendered`: not as it was sent, but as a model
        sees it. Raises ReviewError.
        """
        query = {"rendered": "true"} if rendered else {}
        about, path = Model(namespace, name, ""), f"images/{sha256}"
        async with self._answer("GET", about, path, params=query) as answer:
            media_type = answer.headers.get("content-type", "")
            if media_type not in IMAGES:
                raise ReviewError(502, "What came is no image.")
            yield media_type, answer.aiter_bytes()

    async def close(self) -> None:
        if self._http is not None:
            await self._http.aclose()

    @asynccontextmanager
    async def _answer(
        self, method: str, model: Model, path: str, **request: Any
    ) -> AsyncIterator[httpx.Response]:
        if self._http is None:
            raise ReviewError(404, "This installation has no review service.")
        try:
            token = self._token_file.read_text(encoding="ascii").strip()
        except (OSError, ValueError) as error:
            raise ReviewError(503, "The console's token for the review service is missing.") from (
                error
            )
        headers = {"Authorization": f"Bearer {token}"}
        try:
            async with (
                self._places.place(model.namespace),
                self._http.stream(
                    method, f"{model.path}/{path}", headers=headers, **request
                ) as answer,
            ):
                if not answer.is_success:
                    raise _refusal(answer.status_code, await answer.aread())
                yield answer
        except FullError as error:
            words = "Others review in this namespace, as many as may at once: try again."
            raise ReviewError(503, words) from error
        except httpx.HTTPError as error:
            # Its text may hold an address, never a header or a body.
            words = f"The review service does not answer ({type(error).__name__})."
            raise ReviewError(503, words) from error


def _understood(kind: type[SomePart], content: bytes) -> SomePart:
    try:
        return kind.model_validate_json(content)
    except ValidationError as error:
        raise ReviewError(502, "What answered is no review service of this release.") from error


def _refusal(status: int, content: bytes) -> ReviewError:
    try:
        message = str(json.loads(content)["message"])
    except (ValueError, KeyError, TypeError):
        message = "What answered is no review service."
    if status == 401:
        return ReviewError(503, "The review service does not know this console.")
    return ReviewError(status if status in (404, 409, 503) else 502, message)


def connect(address: str, token_file: Path) -> ReviewService:
    """`address` is empty where there is none."""
    if not address:
        return ReviewService(None, token_file)
    http = httpx.AsyncClient(
        base_url=address, timeout=TIMEOUT, limits=LIMITS, trust_env=False, follow_redirects=False
    )
    return ReviewService(http, token_file)
