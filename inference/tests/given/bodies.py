"""Request bodies as they come off the wire, in pieces."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import AbstractContextManager
from itertools import pairwise

from dandelion_inference.intake.admission import Admission, Place
from dandelion_inference.intake.upload import Pace
from starlette.requests import Request
from starlette.types import Message

PACE = Pace(60, 1, 60)
MUCH = 10**9


def place() -> AbstractContextManager[Place]:
    """With room for everything."""
    return Admission(1, MUCH).admit()


def pieces(body: bytes, cuts: Sequence[int]) -> list[bytes]:
    """The body, cut at these positions as far as it has them."""
    edges = sorted({0, len(body), *(cut for cut in cuts if cut < len(body))})
    return [body[start:end] for start, end in pairwise(edges)]


def request(chunks: Sequence[bytes], content_type: str, query: bytes = b"") -> Request:
    left = list(chunks)

    async def receive() -> Message:
        chunk = left.pop(0) if left else b""
        return {"type": "http.request", "body": chunk, "more_body": bool(left)}

    headers = [(b"content-type", content_type.encode())]
    scope = {"type": "http", "method": "POST", "headers": headers, "query_string": query}
    return Request(scope, receive)
