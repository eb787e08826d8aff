"""uvicorn with bounds, and a log of JSON lines."""

import ctypes
import socket
from contextlib import suppress

import structlog
import uvicorn

from dandelion_training.commands.review.service.app import create_app
from dandelion_training.commands.review.service.renderer import Renderer
from dandelion_training.commands.review.service.reviews import Reviews
from dandelion_training.ports.callers import Callers
from dandelion_training.ports.failures import Interrupted

CONNECTIONS = 64
HEAD_BYTES = 32 * 1024
# Longer than the console keeps a connection, so that no request meets one that is being closed.
KEEP_ALIVE_SECONDS = 75
FINISH_SECONDS = 20
PR_SET_DUMPABLE = 4


def serve(reviews: Reviews, callers: Callers, host: str, port: int) -> None:
    """Until SIGTERM, after which requests that are under way are answered."""
    structlog.configure(
        processors=[
            structlog.processors.add_log_level,
            structlog.processors.TimeStamper(fmt="iso", utc=True),
            structlog.processors.format_exc_info,
            structlog.processors.JSONRenderer(),
        ],
        logger_factory=structlog.PrintLoggerFactory(),
    )
    # No process of the same user, such as one that renders a picture, reads this one's memory.
    ctypes.CDLL(None).prctl(PR_SET_DUMPABLE, 0, 0, 0, 0)
    # uvicorn hands the signal on once it has ended in good order.
    with _listen(host, port) as listening, suppress(Interrupted):
        structlog.get_logger().info("listening", port=listening.getsockname()[1])
        uvicorn.Server(
            uvicorn.Config(
                create_app(reviews, callers, Renderer()),
                loop="asyncio",
                http="h11",
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
        ).run(sockets=[listening])


def _listen(host: str, port: int) -> socket.socket:
    if host == "" and socket.has_dualstack_ipv6():
        return socket.create_server(("", port), family=socket.AF_INET6, dualstack_ipv6=True)
    return socket.create_server((host, port))
