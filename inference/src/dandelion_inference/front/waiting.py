"""Work for a request, for as long as somebody waits for it. Called by `service.py`."""

from __future__ import annotations

import asyncio
from collections.abc import Coroutine
from typing import Any, TypeVar

from starlette.requests import ClientDisconnect, Request

from dandelion_inference.errors import Code, RefusedError

Answer = TypeVar("Answer")


async def while_wanted(
    request: Request, seconds: float, work: Coroutine[Any, Any, Answer]
) -> Answer:
    """What the work comes to within so many seconds; it is cancelled where nobody wants it.

    Only for a request whose body has been read.

    Raises:
        RefusedError: the deadline passed.
        ClientDisconnect: the client hung up.
    """
    working = asyncio.ensure_future(work)
    leaving = asyncio.ensure_future(_hung_up(request))
    try:
        await asyncio.wait({working, leaving}, timeout=seconds, return_when=asyncio.FIRST_COMPLETED)
        if working.done():
            return working.result()
        if leaving.done():
            raise ClientDisconnect
        raise RefusedError(
            Code.DEADLINE_EXCEEDED,
            f"The answer was not there within {seconds:g} s. Try again later, send fewer "
            f"images at once, or add replicas.",
            headers={"Retry-After": "1"},
        )
    finally:
        working.cancel()
        leaving.cancel()
        del working  # a failure's traceback leads here, and would lead back to it


async def _hung_up(request: Request) -> None:
    """Returns when the client has gone."""
    while (await request.receive())["type"] != "http.disconnect":
        pass
