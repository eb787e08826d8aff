"""What Prometheus sees of this console, on a port of its own.

Labels take few values whatever browsers send: routes are templates, unknown methods are one, and
nobody's name is among them. Made by `front.app`, served by `__main__`.
"""

from __future__ import annotations

import socket
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from enum import StrEnum

from prometheus_client import (
    CollectorRegistry,
    Counter,
    GCCollector,
    Histogram,
    PlatformCollector,
    ProcessCollector,
    start_http_server,
)

METHODS = frozenset({"GET", "HEAD", "POST"})
OTHER = "other"
# The route of what no route answers, and of what was refused before one was looked for.
UNMATCHED = "unmatched"
SECONDS = (0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, 30.0)
# Of an error that says no status: it is a fault of ours, or of what is asked.
FAULT = 500


class Login(StrEnum):
    """How somebody logs in."""

    TOKEN = "token"  # noqa: S105
    OIDC = "oidc"


class Result(StrEnum):
    """`REFUSED`: for a cause that lies with who asks. `FAILED`: with us, or with what is asked."""

    DONE = "done"
    REFUSED = "refused"
    FAILED = "failed"


def of_status(status: int) -> Result:
    return Result.REFUSED if status < FAULT else Result.FAILED


class Metrics:
    def __init__(self, actions: Iterable[str] = ()) -> None:
        """`actions`: the names of what people may have done; their series begin at zero."""
        self.registry = CollectorRegistry()
        for collector in (ProcessCollector, PlatformCollector, GCCollector):
            collector(registry=self.registry)
        self._requests = Counter(
            "dandelion_console_requests",
            "HTTP requests answered.",
            ("method", "route", "code"),
            registry=self.registry,
        )
        self._seconds = Histogram(
            "dandelion_console_request_duration_seconds",
            "Time from a request's head to its answer's last byte.",
            ("method", "route"),
            buckets=SECONDS,
            registry=self.registry,
        )
        self._logins = Counter(
            "dandelion_console_logins",
            "Logins, by what came of them.",
            ("by", "result"),
            registry=self.registry,
        )
        self._actions = Counter(
            "dandelion_console_actions",
            "What people asked for, by what came of it.",
            ("action", "result"),
            registry=self.registry,
        )
        for result in Result:
            for by in Login:
                self._logins.labels(by, result)
            for action in actions:
                self._actions.labels(action, result)

    def answered(self, method: str, route: str, code: int, seconds: float) -> None:
        known = method if method in METHODS else OTHER
        self._requests.labels(known, route, str(code)).inc()
        self._seconds.labels(known, route).observe(seconds)

    def login(self, by: Login, result: Result) -> None:
        self._logins.labels(by, result).inc()

    @contextmanager
    def action(self, name: str) -> Iterator[None]:
        """One that is tried in this block, and refused where it raises what says so by a status."""
        try:
            yield
        except Exception as error:
            status = getattr(error, "status", FAULT)
            self._actions.labels(name, of_status(status)).inc()
            raise
        self._actions.labels(name, Result.DONE).inc()

    def serve(self, port: int) -> int:
        """Let Prometheus ask, at any path, by a thread of its own; the port. Raises OSError."""
        address = "::" if socket.has_dualstack_ipv6() else "0.0.0.0"  # noqa: S104
        server, _ = start_http_server(port, address, self.registry)
        return int(server.server_port)
