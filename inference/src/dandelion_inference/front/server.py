"""uvicorn, ended the way Kubernetes ends pods.

When a pod is deleted, its address is taken out of the Service at the same time as SIGTERM is sent,
and proxies learn of it later. So: on SIGTERM turn unready at once, go on accepting until nobody
connects any more, with every answer closing its connection, and only then stop listening and finish
what is in flight, for as long as `ports/grace.py` says. Probes and metrics have a server of their
own beside it, so what strangers do to the public one takes nothing from them. Run by `__main__`,
and by that of the token reviewer.
"""

from __future__ import annotations

import asyncio
import contextlib
import math
import signal
import socket
from collections.abc import Callable, Iterator
from typing import Literal, Protocol

import structlog
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send

from dandelion_inference.errors import Code
from dandelion_inference.front.connection import Refused, bounded, end_overdue
from dandelion_inference.front.connection.bounds import ConnectionBounds
from dandelion_inference.ports.grace import Ending

# A client that pools connections must be the one to let go of an idle one: a server that closes
# first may do so under a request that is already on its way. Longer than usual clients keep theirs.
KEEP_ALIVE_SECONDS = 75

BACKLOG = 1024

# Of the port of probes and metrics: a kubelet, Prometheus and the operator ask little and briefly.
PROBES_BOUNDS = ConnectionBounds(
    max_connections=64,
    max_headers=50,
    max_head_bytes=16 * 1024,
    head_seconds=5,
    max_drained_bytes=1024 * 1024,
    drain_seconds=1,
    stalled_seconds=10,
)

log = structlog.get_logger()


class BoundedServer(uvicorn.Server):
    """Whose connections have bounds."""

    def __init__(
        self,
        app: ASGIApp,
        bounds: ConnectionBounds,
        refused: Refused,
        lifespan: Literal["on", "off"],
        finish_seconds: float,
    ) -> None:
        """`finish_seconds` is how long requests in flight are waited for at the end."""
        self.newest_connection = -math.inf
        super().__init__(
            uvicorn.Config(
                app,
                http=bounded(bounds, refused, self._connected),
                lifespan=lifespan,
                ws="none",
                access_log=False,
                log_config=None,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=math.ceil(finish_seconds),
                backlog=BACKLOG,
            )
        )

    def _connected(self, now: float) -> None:
        self.newest_connection = now

    async def on_tick(self, counter: int) -> bool:
        # Ten times a second: one look at every connection costs less than a timer for each.
        if counter % 5 == 0:
            end_overdue(self.server_state.connections, asyncio.get_running_loop().time())
        return await super().on_tick(counter)


def unnamed(_code: Code) -> list[tuple[bytes, bytes]]:
    """The headers of a refusal that is no model's answer, and in no log."""
    return []


class ProbesServer(BoundedServer):
    """Beside the public server, and for as long: while that one is full and while it drains."""

    def __init__(self, app: ASGIApp, bounds: ConnectionBounds = PROBES_BOUNDS) -> None:
        super().__init__(app, bounds, unnamed, "off", finish_seconds=1)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Signals are the public server's."""
        yield


class Front(Protocol):
    """An application that accounts for what the server refuses before it is asked."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None: ...

    def refused(self, code: Code) -> list[tuple[bytes, bytes]]: ...


class Drains(Protocol):
    draining: bool


class DrainingServer(BoundedServer):
    """The public one."""

    def __init__(
        self,
        app: Front,
        readiness: Drains,
        ending: Ending,
        bounds: ConnectionBounds,
    ) -> None:
        super().__init__(app, bounds, app.refused, "on", ending.finish)
        self._readiness = readiness
        self._ending = ending
        self._began = math.inf
        self._drained_ticks = 0

    async def on_tick(self, counter: int) -> bool:
        now = asyncio.get_running_loop().time()
        if self._ending.is_drained(self._began, self.newest_connection, now):
            self._drained_ticks += 1
        else:
            self._drained_ticks = 0
        # Twice, with a turn of the loop between: what came while the process had no processor, new
        # connections and requests on kept ones, has been read by then, and would else be reset.
        if self._drained_ticks == 2:
            self.config.timeout_graceful_shutdown = math.ceil(
                self._ending.finish_after(now - self._began)
            )
            self.should_exit = True
        return await super().on_tick(counter)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Replaces uvicorn's own handling, which stops listening at once and then dies by the
        signal: an ordinary end is no failure, so the process exits with 0."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._drain, loop.time)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    def _drain(self, time: Callable[[], float]) -> None:
        if self._readiness.draining:
            # Asked twice: somebody is waiting.
            self.should_exit = True
            return
        self._readiness.draining = True
        self._began = time()
        log.info("draining", seconds=self._ending.drain, finish_seconds=self._ending.finish)


def run(
    public: DrainingServer,
    public_socket: socket.socket,
    probes: ProbesServer,
    probes_socket: socket.socket,
) -> None:
    """Serves on both sockets, in one event loop, until the public server has ended."""
    with asyncio.Runner(loop_factory=public.config.get_loop_factory()) as runner:
        runner.run(_serve(public, public_socket, probes, probes_socket))


async def _serve(
    public: DrainingServer,
    public_socket: socket.socket,
    probes: ProbesServer,
    probes_socket: socket.socket,
) -> None:
    beside = asyncio.create_task(probes.serve(sockets=[probes_socket]))
    try:
        await public.serve(sockets=[public_socket])
    finally:
        probes.should_exit = True
        await beside


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, for IPv4 and IPv6 alike where no address is named."""
    if host == "" and socket.has_dualstack_ipv6():
        listening = socket.create_server(
            ("", port), family=socket.AF_INET6, dualstack_ipv6=True, backlog=BACKLOG
        )
    else:
        listening = socket.create_server((host, port), backlog=BACKLOG)
    # Connections inherit it. asyncio sets it only on sockets that were made with an explicit
    # protocol number, and without it the second packet of every answer waits 40 ms for the
    # client's acknowledgement of the first.
    listening.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    return listening
