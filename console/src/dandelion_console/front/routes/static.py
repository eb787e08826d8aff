"""The few files that pages are made of, read once and answered from memory."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files

from fastapi import FastAPI, Request
from starlette.responses import Response

TYPES = {
    "css": "text/css; charset=utf-8",
    "js": "text/javascript; charset=utf-8",
    "svg": "image/svg+xml",
}


@dataclass(frozen=True)
class Asset:
    content: bytes
    media_type: str
    etag: str

    def answer(self, request: Request) -> Response:
        # Asked each time whether it is still the same, so no page is half of an older one.
        headers = {"Cache-Control": "no-cache", "ETag": self.etag}
        known = request.headers.get("if-none-match", "")
        if self.etag in (tag.strip().removeprefix("W/") for tag in known.split(",")):
            return Response(status_code=304, headers=headers)
        return Response(self.content, headers=headers, media_type=self.media_type)


def assets() -> dict[str, Asset]:
    """By their names."""
    found = {}
    for file in (files("dandelion_console") / "front" / "static").iterdir():
        content = file.read_bytes()
        etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        found[file.name] = Asset(content, TYPES[file.name.rpartition(".")[2]], etag)
    return found


def add_static(app: FastAPI) -> None:
    def add(name: str, asset: Asset) -> None:
        @app.get(f"/static/{name}")
        async def answer(request: Request) -> Response:
            return asset.answer(request)

    for name, asset in assets().items():
        add(name, asset)
