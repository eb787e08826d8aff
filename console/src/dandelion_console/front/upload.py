"""Images on their way to a model: bounded as serving bounds them, and never held here."""

from __future__ import annotations

from collections.abc import AsyncIterator

from starlette.requests import Request

from dandelion_console.cluster.serving import Upload
from dandelion_console.front.connection import more_time
from dandelion_console.front.forms import FormError

UPLOAD_BYTES = 32 * 1024 * 1024
UPLOAD_SECONDS = 60.0
MEDIA_TYPE_CHARACTERS = 200
FORM = "multipart/form-data"
IMAGE = "application/octet-stream"
TOO_LARGE = f"It is larger than {UPLOAD_BYTES // 1024**2} MiB."


def upload(request: Request) -> Upload:
    """What this request brings, for somebody who may send it; raises FormError, while reading
    too.
    """
    declared = request.headers.get("content-length", "")
    length = int(declared) if declared.isdecimal() else None
    if length is not None and length > UPLOAD_BYTES:
        raise FormError(413, TOO_LARGE)
    media_type = _media_type(request)
    more_time(request.scope, UPLOAD_SECONDS)
    return Upload(media_type, length, _bounded(request))


def _media_type(request: Request) -> str:
    sent = request.headers.get("content-type", "")
    kind = sent.partition(";")[0].strip().lower()
    if kind == FORM and len(sent) <= MEDIA_TYPE_CHARACTERS and sent.isascii():
        return sent
    if kind.startswith("image/") or kind == IMAGE:
        # Serving tells the format from the content.
        return IMAGE
    raise FormError(415, f"Send an image, or a form as {FORM}.")


async def _bounded(request: Request) -> AsyncIterator[bytes]:
    sent = 0
    async for chunk in request.stream():
        sent += len(chunk)
        if sent > UPLOAD_BYTES:
            raise FormError(413, TOO_LARGE)
        if chunk:
            yield chunk
