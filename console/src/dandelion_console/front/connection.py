"""A connection whose requests come and whose answers are taken in time, or which is closed: silent
ones would fill the server, and hold what their answers are read from.

uvicorn bounds how long a connection is kept after an answer, and neither how long a request takes
nor how slowly an answer is read.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, MutableMapping
from typing import Any, cast

from uvicorn.protocols.http.h11_impl import H11Protocol

# Of a request with its body, from the connection or its first byte on.
REQUEST_SECONDS = 15.0
# Of an answer, from its first byte on. What somebody may see no more goes on for as long at most.
ANSWER_SECONDS = 60.0

MORE_TIME = "dandelion.more_time"
ANSWERS = "dandelion.answers"


def more_time(scope: MutableMapping[str, Any], seconds: float) -> None:
    """For the body of this request, from now on: whoever may send a large one is let."""
    allow: Callable[[float], None] | None = scope.get(MORE_TIME)
    if allow is not None:
        allow(seconds)


def answers(scope: MutableMapping[str, Any]) -> None:
    """The first byte of this request's answer goes now."""
    begin: Callable[[], None] | None = scope.get(ANSWERS)
    if begin is not None:
        begin()


class BoundedConnection(H11Protocol):
    _overdue: asyncio.TimerHandle | None = None
    _unread: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast(asyncio.Transport, transport))
        self._await_request()

    def data_received(self, data: bytes) -> None:
        super().data_received(data)
        if self.cycle is None or self.cycle.response_complete or self.cycle.more_body:
            self._await_request()
        else:
            self._request_is_there()

    def handle_events(self) -> None:
        super().handle_events()
        if self.cycle is not None:
            # The application runs after this: it finds there what to ask.
            scope = cast(dict[str, Any], self.cycle.scope)
            scope[MORE_TIME], scope[ANSWERS] = self._allow, self._answers

    def connection_lost(self, exc: Exception | None) -> None:
        self._request_is_there()
        self._answer_is_taken()
        super().connection_lost(exc)

    def on_response_complete(self) -> None:
        self._answer_is_taken()
        super().on_response_complete()

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

    def _answers(self) -> None:
        if self._unread is None:
            # Not closed, which would wait until all that was written is read.
            self._unread = self.loop.call_later(ANSWER_SECONDS, self.transport.abort)

    def _answer_is_taken(self) -> None:
        if self._unread is not None:
            self._unread.cancel()
            self._unread = None

    def _end(self) -> None:
        if not self.transport.is_closing():
            self.transport.close()
