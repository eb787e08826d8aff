"""One client's connection, bounded where uvicorn trusts the client.

uvicorn reads a request's head however long it is and however long it takes, keeps any number of
connections, and drains what a refused client goes on sending. Made by uvicorn for every connection;
`server.py` names the bounds and calls `end_overdue` now and then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from dandelion_inference.errors import Code
from dandelion_inference.front.problems import problem


@dataclass(frozen=True)
class ConnectionBounds:
    max_connections: int
    max_headers: int
    max_head_bytes: int
    """Of a request line with its headers; of what stands between the chunks of a body too."""
    head_seconds: float
    """For a head to arrive, from the opening of the connection or from its first byte."""
    max_drained_bytes: int
    """Of a body that arrive after its answer, so that the client comes to read the answer."""
    drain_seconds: float


class HeadTooLargeError(Exception):
    """Ends the parsing of a request."""


class BoundedConnection(HttpToolsProtocol):
    bounds: ConnectionBounds

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        # What has arrived since the last byte of a body, or since the request began.
        self._head_bytes = 0
        # Since when a head, or the rest of an answered body, has been awaited.
        self._head_since: float | None = self.loop.time()
        self._drain_since: float | None = None
        self._closing_since: float | None = None
        self._drained = 0
        self._in_body = False

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast(asyncio.Transport, transport))
        if len(self.connections) > self.bounds.max_connections:
            self._refuse(Code.QUEUE_FULL, "Too many connections are open. Try again in 1 s.")

    def data_received(self, data: bytes) -> None:
        if self.transport.is_closing():
            return
        if self._drain_since is not None:
            self._drained += len(data)
            if self._drained > self.bounds.max_drained_bytes:
                self.transport.close()
                return
        self._head_bytes += len(data)
        if self._head_since is None and not self._in_body:
            self._head_since = self.loop.time()
        super().data_received(data)
        if self._head_bytes > self.bounds.max_head_bytes and not self.transport.is_closing():
            self._refuse_head()

    def on_message_begin(self) -> None:
        # A head may begin in the middle of what has arrived.
        if self._head_since is None:
            self._head_since = self.loop.time()
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        bounds = self.bounds
        if len(self.headers) > bounds.max_headers or (
            self._head_bytes > bounds.max_head_bytes and self._size() > bounds.max_head_bytes
        ):
            raise HeadTooLargeError
        self._head_since = None
        self._in_body = True
        super().on_headers_complete()

    def _size(self) -> int:
        return len(self.url) + sum(len(name) + len(value) + 4 for name, value in self.headers)

    def on_body(self, body: bytes) -> None:
        self._head_bytes = 0
        super().on_body(body)

    def on_message_complete(self) -> None:
        self._head_bytes = 0
        self._in_body = False
        self._drain_since = None
        super().on_message_complete()

    def on_response_complete(self) -> None:
        if self._in_body:
            self._drain_since = self.loop.time()
        super().on_response_complete()

    def send_400_response(self, msg: str) -> None:
        # Called while the error of the parser, and with it that of a callback, is being handled.
        if self._head_bytes > self.bounds.max_head_bytes or self._too_many_headers():
            self._refuse_head()
        else:
            self._refuse(Code.MALFORMED_REQUEST, msg)

    def _too_many_headers(self) -> bool:
        return self.headers is not None and len(self.headers) > self.bounds.max_headers

    def _refuse_head(self) -> None:
        bounds = self.bounds
        self._refuse(
            Code.HEADERS_TOO_LARGE,
            f"At most {bounds.max_headers} headers with {bounds.max_head_bytes} bytes are read.",
        )

    def _refuse(self, code: Code, detail: str) -> None:
        """Answers, unless an answer has begun, and closes."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete or not cycle.response_started:
            answer = problem(code, detail, "")
            answer.headers["connection"] = "close"
            lines = [name + b": " + value + b"\r\n" for name, value in answer.raw_headers]
            head = [STATUS_LINE[answer.status_code], *lines, b"\r\n"]
            self.transport.write(b"".join([*head, bytes(answer.body)]))
        self.transport.close()

    def end_if_overdue(self, now: float) -> None:
        bounds = self.bounds
        if self.transport.is_closing():
            # It ends when the client has read the rest of its answer, which some never do.
            self._closing_since = self._closing_since or now
            if now - self._closing_since > bounds.drain_seconds:
                self.transport.abort()
            return
        if self._drain_since is not None and now - self._drain_since > bounds.drain_seconds:
            self.transport.close()
        elif self._head_since is not None and now - self._head_since > bounds.head_seconds:
            if self._head_bytes:
                self._refuse(
                    Code.UPLOAD_TOO_SLOW,
                    f"The headers did not arrive within {bounds.head_seconds:g} s.",
                )
            else:
                self.transport.close()


def bounded(bounds: ConnectionBounds) -> type[BoundedConnection]:
    """The protocol with its bounds, for uvicorn to make its connections of."""
    return type("BoundedConnection", (BoundedConnection,), {"bounds": bounds})


def end_overdue(connections: Iterable[object], now: float) -> None:
    """Closes what has kept the service waiting too long; `now` is the loop's time."""
    for connection in list(connections):
        if isinstance(connection, BoundedConnection):
            connection.end_if_overdue(now)
