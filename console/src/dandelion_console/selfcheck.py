"""`python -m dandelion_console.selfcheck`: does this installation have all it needs?

The image's build runs it: an image that cannot show its first page must not come into being.
"""

from __future__ import annotations

import asyncio
import tempfile
from pathlib import Path

import httpx
from cryptography.fernet import Fernet

from dandelion_console.cluster.api import ApiServer
from dandelion_console.front.app import create_app
from dandelion_console.ports.settings import Settings

ADDRESSES = (
    "/login",
    "/static/style.css",
    "/static/refresh.js",
    "/static/review.js",
    "/static/predict.js",
    "/readyz",
)


async def check(folder: Path) -> None:
    key = folder / "key"
    key.write_bytes(Fernet.generate_key())
    settings = Settings.model_validate({"KUBERNETES_SERVICE_HOST": "unused", "key_file": key})
    app = create_app(settings, ApiServer(httpx.AsyncClient()), httpx.AsyncClient())
    transport = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=transport, base_url="http://console") as browser:
        for address in ADDRESSES:
            (await browser.get(address)).raise_for_status()


if __name__ == "__main__":
    with tempfile.TemporaryDirectory() as folder:
        asyncio.run(check(Path(folder)))
