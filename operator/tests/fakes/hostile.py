"""A loopback server that does what no endpoint should: silence, floods, drips, pages for ever."""

from __future__ import annotations

import socketserver
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

Send = Callable[[bytes], None]
Behaviour = Callable[[Send, threading.Event], None]


@dataclass
class Hostile:
    behaviour: Behaviour
    address: str = ""
    requests: list[bytes] = field(default_factory=list)
    asked: threading.Event = field(default_factory=threading.Event)
    over: threading.Event = field(default_factory=threading.Event)

    @property
    def endpoint(self) -> str:
        return f"http://{self.address}"


def answer(body: bytes, status: str = "200 OK", kind: str = "application/xml") -> bytes:
    return (
        f"HTTP/1.1 {status}\r\nContent-Type: {kind}\r\nContent-Length: {len(body)}\r\n\r\n".encode()
        + body
    )


def says(content: bytes) -> Behaviour:
    return lambda send, over: send(content)


def silent(send: Send, over: threading.Event) -> None:
    over.wait()


def drips(first: bytes, drop: bytes) -> Behaviour:
    """Never long silent, and never done."""

    def behaviour(send: Send, over: threading.Event) -> None:
        send(first)
        while not over.wait(0.02):
            send(drop)

    return behaviour


def floods(first: bytes) -> Behaviour:
    def behaviour(send: Send, over: threading.Event) -> None:
        send(first)
        while not over.is_set():
            send(b"x" * 65536)

    return behaviour


@contextmanager
def hostile(behaviour: Behaviour) -> Iterator[Hostile]:
    found = Hostile(behaviour)

    class Handler(socketserver.StreamRequestHandler):
        def handle(self) -> None:
            try:
                while (line := self.rfile.readline()) and not found.over.is_set():
                    found.requests.append(line)
                    found.asked.set()
                    while self.rfile.readline().strip():
                        pass
                    found.behaviour(self._send, found.over)
            except OSError:
                return

        def _send(self, content: bytes) -> None:
            self.wfile.write(content)

    class Server(socketserver.ThreadingTCPServer):
        daemon_threads = True
        block_on_close = False

    with Server(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
        thread.start()
        found.address = f"127.0.0.1:{server.server_address[1]}"
        try:
            yield found
        finally:
            found.over.set()
            server.shutdown()
            thread.join()
