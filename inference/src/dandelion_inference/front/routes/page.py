"""`GET /`: the page for people, and the files that it is made of.

The files lie in `page/` as a browser reads them. They are few and small, so they are read once and
answered from memory; a browser keeps them and asks whether they are still the same, so that a
rollout never leaves it with half of an older page. Everything is addressed relative to the page,
which makes it work behind a path prefix (one that ends in a slash, as any folder's).
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from importlib.resources import files

from fastapi import FastAPI, Request
from starlette.responses import Response

PAGE = "index.html"
TYPES = {
    ".html": "text/html; charset=utf-8",
    ".css": "text/css; charset=utf-8",
    ".js": "text/javascript; charset=utf-8",
    ".svg": "image/svg+xml",
}
# The browser holds the page to what it promises: nothing from elsewhere, nothing inline, and no
# text from an answer ever becomes markup.
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; "
    "connect-src 'self'; base-uri 'none'; form-action 'none'; frame-ancestors 'none'; "
    "require-trusted-types-for 'script'; trusted-types 'none'"
)
HEADERS = {
    "Cache-Control": "no-cache",
    "Content-Security-Policy": POLICY,
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(self), geolocation=(), microphone=()",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
}


@dataclass(frozen=True)
class Asset:
    content: bytes
    media_type: str
    etag: str

    def answer(self, request: Request) -> Response:
        headers = {**HEADERS, "ETag": self.etag}
        known = request.headers.get("if-none-match", "")
        if self.etag in (tag.strip().removeprefix("W/") for tag in known.split(",")):
            return Response(status_code=304, headers=headers)
        return Response(self.content, headers=headers, media_type=self.media_type)


def assets() -> dict[str, Asset]:
    """The files of the page by their names."""
    found = {}
    for file in (files("dandelion_inference.front") / "page").iterdir():
        content = file.read_bytes()
        media_type = TYPES[file.name[file.name.rindex(".") :]]
        etag = f'"{hashlib.sha256(content).hexdigest()[:32]}"'
        found[file.name] = Asset(content, media_type, etag)
    return found


def add_page(app: FastAPI) -> None:
    def add(path: str, asset: Asset) -> None:
        @app.get(path, include_in_schema=False)
        async def answer(request: Request) -> Response:
            return asset.answer(request)

    for name, asset in assets().items():
        add("/" if name == PAGE else f"/page/{name}", asset)
