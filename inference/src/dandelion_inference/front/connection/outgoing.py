"""What goes out on a connection: an answer's head together with the body that follows it.

uvicorn writes the two one after the other, uvloop sends each at once, and so they arrive one after
the other. A proxy that has the head and fails at the rest of the request in between may cut the
answer off: Go's, and so Caddy, does where a client asks before it sends (golang/go#67555). Used by
the connection.
"""

from __future__ import annotations

import asyncio


class Outgoing:
    """A transport that holds back what is written until something follows, for one turn of the loop
    at most."""

    def __init__(self, transport: asyncio.Transport, loop: asyncio.AbstractEventLoop) -> None:
        self._transport = transport
        self._loop = loop
        self._held: bytes | None = None
        self.is_closing = transport.is_closing

    def write(self, data: bytes) -> None:
        if self._held is None:
            self._held = data
            self._loop.call_soon(self._release)
        else:
            held, self._held = self._held, None
            self._transport.writelines([held, data])

    def _release(self) -> None:
        held, self._held = self._held, None
        if held is not None and not self._transport.is_closing():
            self._transport.write(held)

    def write_eof(self) -> None:
        self._release()
        if self._transport.can_write_eof():
            self._transport.write_eof()

    def close(self) -> None:
        self._release()
        self._transport.close()

    def abort(self) -> None:
        self._held = None
        self._transport.abort()

    def unsent(self) -> int:
        """Bytes that the client was offered and has not taken.

        What is held back is none of them: it has not been offered, and is within the turn. Counted,
        it would give a client that takes nothing more time, and keep a broken connection's place.
        """
        return self._transport.get_write_buffer_size()
