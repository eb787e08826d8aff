"""uvicorn, with bounds. Run by `__main__`.

TLS and what a hostile network sends are a gateway's to deal with; within the cluster, connections
are bounded in number, requests in size and in the time that they take to come.
"""

from __future__ import annotations

import socket

import uvicorn
from starlette.types import ASGIApp

from dandelion_console.front.connection import BoundedConnection

CONNECTIONS = 256
HEAD_BYTES = 32 * 1024
# Longer than usual clients keep theirs, so that no request meets a connection that is being closed.
KEEP_ALIVE_SECONDS = 75
FINISH_SECONDS = 20


def server(app: ASGIApp) -> uvicorn.Server:
    return uvicorn.Server(
        uvicorn.Config(
            app,
            # What the image has, also where another one is installed.
            loop="asyncio",
            http=BoundedConnection,
            ws="none",
            h11_max_incomplete_event_size=HEAD_BYTES,
            limit_concurrency=CONNECTIONS,
            timeout_keep_alive=KEEP_ALIVE_SECONDS,
            timeout_graceful_shutdown=FINISH_SECONDS,
            access_log=False,
            log_config=None,
            server_header=False,
            proxy_headers=False,
        )
    )


def listen(host: str, port: int) -> socket.socket:
    """A listening socket, for IPv4 and IPv6 alike where no address is named."""
    if host == "" and socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server((host, port))
