"""One client's connection, bounded where uvicorn trusts the client.

uvicorn reads a request's head however long it is and however long it takes, keeps any number of
connections and of requests that were sent ahead, drains what a refused client goes on sending or
closes under it, and waits for ever for a client that takes no answer. Made by uvicorn for every
connection; `server.py` names the bounds and calls `end_overdue` now and then.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, cast

from uvicorn.config import Config
from uvicorn.protocols.http.httptools_impl import STATUS_LINE, HttpToolsProtocol
from uvicorn.server import ServerState

from dandelion_inference.errors import Code
from dandelion_inference.front.connection.bounds import (
    MAX_PIPELINED,
    ConnectionBounds,
    HeadTooLargeError,
    TooManyPipelinedError,
)
from dandelion_inference.front.connection.outgoing import Outgoing
from dandelion_inference.front.problems import problem
from dandelion_inference.intake.admission import RETRY, RETRY_SECONDS
from dandelion_inference.intake.recent_rate import RecentRate

# Accounts for a refusal, and gives the headers that every answer has.
Refused = Callable[[Code], list[tuple[bytes, bytes]]]
# Hears of every connection, with the loop's time.
Connected = Callable[[float], None]


class BoundedConnection(HttpToolsProtocol):
    bounds: ConnectionBounds
    refused: Refused
    connected: Connected

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        super().__init__(config, server_state, app_state, _loop)
        now = self.loop.time()
        self._rate = RecentRate(now)
        # What has arrived since the last byte of a body, or since the request began.
        self._head_bytes = 0
        # Since when a head has been awaited.
        self._head_since: float | None = now
        self._in_head = False
        self._in_body = False
        # Since when what arrives has been thrown away, and how much: after its answer.
        self._drain_since: float | None = None
        self._drained = 0
        # Nothing more is answered.
        self._lingering = False
        self._aborted = False
        # Bytes of answers that the client has not taken, and since when they have been so many.
        self._unsent = 0
        self._unsent_since = now

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        super().connection_made(cast(asyncio.Transport, transport))
        self.connected(self.loop.time())
        self._socket = Outgoing(self.transport, self.loop)
        # Whoever closes it may do so under a client that still sends.
        self.transport = cast(asyncio.Transport, _Closing(self._socket, self))
        bounds = self.bounds
        if len(self.connections) <= bounds.max_connections:
            return
        there = [one for one in _ours(self.connections) if not one.gone]
        if len(there) > bounds.max_connections:
            slowest(there, self.loop.time()).make_room(self)

    def data_received(self, data: bytes) -> None:
        if self._socket.is_closing():
            return
        now = self.loop.time()
        self._rate.received(len(data), now)
        if self._drain_since is not None:
            self._drained += len(data)
            if self._drained > self.bounds.max_drained_bytes:
                self._socket.close()
                return
            if self._lingering:
                return
        self._head_bytes += len(data)
        if self._head_since is None and not self._in_body:
            self._head_since = now
        super().data_received(data)
        if self._head_bytes > self.bounds.max_head_bytes and not self.transport.is_closing():
            self._refuse_head()

    def on_message_begin(self) -> None:
        # A head may begin in the middle of what has arrived.
        if self._head_since is None:
            self._head_since = self.loop.time()
        self._in_head = True
        super().on_message_begin()

    def on_headers_complete(self) -> None:
        bounds = self.bounds
        # A head that came behind another request has not been counted while it arrived.
        if len(self.headers) > bounds.max_headers or self._size() > bounds.max_head_bytes:
            raise HeadTooLargeError
        if len(self.pipeline) >= MAX_PIPELINED:
            raise TooManyPipelinedError
        self._head_since = None
        self._in_head = False
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
        self._drained = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        now = self.loop.time()
        # The client was not the one that was waited for.
        self._rate = RecentRate(now)
        if self._in_body and self.cycle.response_complete and self._drain_since is None:
            self._drain_since = now
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

    def _refuse(self, code: Code, detail: str, headers: Mapping[str, str] | None = None) -> None:
        """Answers the request that is arriving, unless another answer comes first, and closes."""
        cycle = self.cycle
        answered = cycle is None or cycle.response_complete
        if self._drain_since is not None or (
            not answered and (not self._in_body or self.pipeline or cycle.response_started)
        ):
            self._abort()
            return
        answer = problem(code, detail, "", headers)
        answer.headers["connection"] = "close"
        named = [*answer.raw_headers, *self.refused(code)]
        lines = [name + b": " + value + b"\r\n" for name, value in named]
        head = [STATUS_LINE[answer.status_code], *lines, b"\r\n"]
        self._socket.write(b"".join([*head, bytes(answer.body)]))
        if not answered:
            # As if the client had gone: nobody answers it a second time.
            cycle.disconnected = True
            cycle.message_event.set()
        self._linger()

    def close(self) -> None:
        """Once all is said. Where the client still sends, it comes to read that."""
        if self._in_body and not self._lingering:
            self._linger()
        else:
            self._socket.close()

    def _linger(self) -> None:
        """Ends what is said, and goes on reading for a while.

        Closing with bytes unread resets the connection (RFC 9112, section 9.6), and a client whose
        connection was reset may never see the answer.
        """
        if self._socket.is_closing():
            return
        self._lingering = True
        if self._drain_since is None:
            self._drain_since = self.loop.time()
        self._socket.write_eof()
        self.flow.resume_reading()

    def _abort(self) -> None:
        self._aborted = True
        self._socket.abort()

    @property
    def gone(self) -> bool:
        """Whether it only waits to be forgotten."""
        return self._aborted or (self._socket.is_closing() and not self._socket.unsent())

    @property
    def ending(self) -> bool:
        """Whether nothing more is answered here."""
        return self._lingering or self._socket.is_closing()

    @property
    def waits(self) -> bool:
        """Whether it is the client's turn: to send or to take something."""
        cycle = self.cycle
        if cycle is None or cycle.response_complete or self.flow.write_paused:
            return True
        return self._in_body and not self.flow.read_paused

    def rate(self, now: float) -> float:
        """How fast the client has sent of late; below zero where nothing more is expected of it."""
        return -1.0 if self.ending else self._rate.at(now)

    def make_room(self, newest: BoundedConnection) -> None:
        """Ends, because others need the connection."""
        cycle = self.cycle
        if self._socket.is_closing() or self.flow.write_paused:
            self._abort()
        elif self._drain_since is not None:
            self._socket.close()
        elif self is newest:
            self._refuse_for_room("all of them are being answered")
        elif self._in_head or (cycle is not None and not cycle.response_complete):
            self._refuse_for_room("others send faster")
        else:
            self._socket.close()

    def _refuse_for_room(self, why: str) -> None:
        self._refuse(
            Code.QUEUE_FULL,
            f"Too many connections are open, and {why}. Try again in {RETRY_SECONDS} s.",
            RETRY,
        )

    def end_if_overdue(self, now: float) -> None:
        bounds = self.bounds
        unsent = self._socket.unsent()
        if unsent != self._unsent:
            self._unsent, self._unsent_since = unsent, now
        elif unsent and now - self._unsent_since > bounds.stalled_seconds:
            self._abort()
            return
        if self._socket.is_closing():
            return
        if self._drain_since is not None and now - self._drain_since > bounds.drain_seconds:
            self._socket.close()
        elif self._lingering:
            return
        elif self._head_since is not None and now - self._head_since > bounds.head_seconds:
            if self._in_head:
                self._refuse(
                    Code.UPLOAD_TOO_SLOW,
                    f"The headers did not arrive within {bounds.head_seconds:g} s.",
                )
            else:
                self._socket.close()


class _Closing:
    """The connection's transport as requests know it."""

    def __init__(self, outgoing: Outgoing, connection: BoundedConnection) -> None:
        self.write = outgoing.write
        self.close = connection.close
        self._connection = connection

    def is_closing(self) -> bool:
        return self._connection.ending


def bounded(
    bounds: ConnectionBounds, refused: Refused, connected: Connected
) -> type[BoundedConnection]:
    """The protocol with its bounds, for uvicorn to make its connections of."""
    given = {
        "bounds": bounds,
        "refused": staticmethod(refused),
        "connected": staticmethod(connected),
    }
    return type("BoundedConnection", (BoundedConnection,), given)


def _ours(connections: Iterable[object]) -> list[BoundedConnection]:
    return [one for one in connections if isinstance(one, BoundedConnection)]


def slowest(connections: Sequence[BoundedConnection], now: float) -> BoundedConnection:
    """The one to end where there are too many: of those whose client's turn it is, the one that has
    sent least of late. There is such a one: the newest has sent nothing yet."""
    return min(
        (connection for connection in connections if connection.waits),
        key=lambda connection: connection.rate(now),
    )


def end_overdue(connections: Iterable[object], now: float) -> None:
    """Closes what has kept the service waiting too long; `now` is the loop's time."""
    for connection in _ours(connections):
        connection.end_if_overdue(now)
