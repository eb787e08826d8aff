"""A browser before the console: it keeps cookies and says where its requests come from."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import httpx
from cryptography.fernet import Fernet
from dandelion_console.cluster.api import ApiServer
from dandelion_console.front.app import create_app
from dandelion_console.front.gate import Gate
from dandelion_console.ports.settings import Settings
from fakes.cluster import FakeCluster
from fakes.review import FakeReview
from fakes.serving import FakeServing

CONSOLE = "http://console.example.com"
SAME_SITE = {"sec-fetch-site": "same-origin", "origin": CONSOLE}


class Browser:
    """`headers` are those that a request has unless it says otherwise."""

    def __init__(self, app: Gate) -> None:
        self._app = app
        self.cookies = httpx.Cookies()

    def get(self, path: str, headers: Mapping[str, str] | None = None) -> httpx.Response:
        return self.send("GET", path, headers=headers)

    def post(
        self,
        path: str,
        form: Mapping[str, str] | None = None,
        headers: Mapping[str, str] = SAME_SITE,
    ) -> httpx.Response:
        return self.send("POST", path, data=form or {}, headers=headers)

    def log_in(self, token: str, onwards: str = "/") -> httpx.Response:
        return self.post("/login", {"token": token, "next": onwards})

    def send(self, method: str, path: str, **request: Any) -> httpx.Response:
        async def sent() -> httpx.Response:
            transport = httpx.ASGITransport(self._app, raise_app_exceptions=False)
            async with httpx.AsyncClient(
                transport=transport, base_url=CONSOLE, cookies=self.cookies
            ) as client:
                answer = await client.request(method, path, **request)
                self.cookies = client.cookies
                return answer

        return asyncio.run(sent())


def app(
    cluster: FakeCluster,
    folder: Path,
    serving: FakeServing | None = None,
    review: FakeReview | None = None,
    **settings: object,
) -> Gate:
    key = folder / "key"
    if not key.exists():
        key.write_bytes(Fernet.generate_key())
    said = {"KUBERNETES_SERVICE_HOST": "api-server", "key_file": key} | settings
    api, to_models = ApiServer(cluster.client()), (serving or FakeServing()).client()
    service = review.service(folder) if review else None
    return create_app(Settings.model_validate(said), api, to_models, service)
