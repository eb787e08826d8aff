"""A connection whose requests come in time, or which is closed: silent ones would fill the server.

uvicorn bounds how long a connection is kept after an answer, and not how long a request takes.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, MutableMapping
from typing import Any, cast

from uvicorn.protocols.http.h11_impl import H11Protocol

# Of a request with its body, from the connection or its first byte on.
REQUEST_SECONDS = 15.0

MORE_TIME = "dandelion.more_time"


def more_time(scope: MutableMapping[str, Any], seconds: float) -> None:
    """For the body of this request, from now on: whoever may send a large one is let."""
    allow: Callable[[float], None] | None = scope.get(MORE_TIME)
    if allow is not None:
        allow(seconds)


class BoundedConnection(H11Protocol):
    _overdue: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast(asyncio.Transport, transport))
        self._await_request()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete or self.cycle.more_body:
            self._await_request()
            if self.cycle is not None:
                # The application runs after this: it finds there what to ask.
                cast(dict[str, Any], self.cycle.scope)[MORE_TIME] = self._allow
        else:
            self._request_is_there()

    def connection_lost(self, exc: Exception | None) -> None:
        self._request_is_there()
        super().connection_lost(exc)

    def _await_request(self) -> None:
        if self._overdue is None:
            self._overdue = self.loop.call_later(REQUEST_SECONDS, self._end)

    def _allow(self, seconds: float) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = self.loop.call_later(seconds, self._end)

    def _request_is_there(self) -> None:
        if self._overdue is not None:
            self._overdue.cancel()
            self._overdue = None

    def _end(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
