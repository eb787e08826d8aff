"""uvicorn, ended the way Kubernetes ends pods.

When a pod is deleted, its address is taken out of the Service at the same time as SIGTERM is sent,
and proxies learn of it later. So: on SIGTERM turn unready at once, go on accepting for a while with
every answer closing its connection, and only then stop listening and finish what is in flight. Run
by `__main__`.
"""

from __future__ import annotations

import asyncio
import contextlib
import signal
import socket
from collections.abc import Iterator

import structlog
import uvicorn

from dandelion_inference.front.connection import bounded, end_overdue
from dandelion_inference.front.connection.bounds import ConnectionBounds
from dandelion_inference.front.edge import Edge
from dandelion_inference.model.readiness import Readiness

# A client that pools connections must be the one to let go of an idle one: a server that closes
# first may do so under a request that is already on its way. Longer than usual clients keep theirs.
KEEP_ALIVE_SECONDS = 75

# What is still in flight after the drain gets this long. Kubernetes gives 30 s for all of it, and
# the last of them are the prediction log's.
FINISH_SECONDS = 15

BACKLOG = 1024

log = structlog.get_logger()


class DrainingServer(uvicorn.Server):
    def __init__(
        self,
        app: Edge,
        readiness: Readiness,
        drain_seconds: float,
        bounds: ConnectionBounds,
    ) -> None:
        super().__init__(
            uvicorn.Config(
                app,
                http=bounded(bounds, app.refused),
                lifespan="on",
                ws="none",
                access_log=False,
                log_config=None,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=KEEP_ALIVE_SECONDS,
                timeout_graceful_shutdown=FINISH_SECONDS,
                backlog=BACKLOG,
            )
        )
        self._readiness = readiness
        self._drain_seconds = drain_seconds

    async def on_tick(self, counter: int) -> bool:
        # Ten times a second: one look at every connection costs less than a timer for each.
        if counter % 5 == 0:
            end_overdue(self.server_state.connections, asyncio.get_running_loop().time())
        return await super().on_tick(counter)

    @contextlib.contextmanager
    def capture_signals(self) -> Iterator[None]:
        """Replaces uvicorn's own handling, which stops listening at once and then dies by the
        signal: an ordinary end is no failure, so the process exits with 0."""
        loop = asyncio.get_running_loop()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.add_signal_handler(number, self._drain, loop)
        try:
            yield
        finally:
            for number in (signal.SIGTERM, signal.SIGINT):
                loop.remove_signal_handler(number)

    def _drain(self, loop: asyncio.AbstractEventLoop) -> None:
        if self._readiness.draining:
            # Asked twice: somebody is waiting.
            self.should_exit = True
            return
        self._readiness.draining = True
        log.info("draining", seconds=self._drain_seconds)
        loop.call_later(self._drain_seconds, self._end)

    def _end(self) -> None:
        self.should_exit = True


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
