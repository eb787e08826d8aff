"""What one read of an endpoint may take: seconds in all, bytes an answer, and requests.

minio and urllib3 bound the wait for the next byte only, so an endpoint that sends one now and then,
or one that always has a next page, would hold a thread for ever. `lanes` opens a budget for a read,
`transport` draws on it, and `cut` ends whatever connection is in use, from any thread.
"""

from __future__ import annotations

import contextlib
import socket
import threading
import time
from collections.abc import Callable, Iterator
from contextvars import ContextVar
from dataclasses import dataclass
from typing import Self

MEBIBYTE = 1024 * 1024
# A page of a listing has a thousand names and about thirty tags for each.
MOST_TAGS = 200_000


class SpentError(Exception):
    """More was needed than was granted."""


class LateError(SpentError):
    @classmethod
    def within(cls, seconds: float) -> Self:
        return cls(f"no whole answer within {seconds:.0f} s")


class LargeError(SpentError):
    pass


class ManyError(SpentError):
    pass


class BusyError(SpentError):
    """Every place at the endpoint is taken."""


@dataclass(frozen=True)
class Limits:
    seconds: float
    answer_bytes: int
    requests: int


class Budget:
    def __init__(self, limits: Limits, monotonic: Callable[[], float] = time.monotonic) -> None:
        self.limits = limits
        self._monotonic = monotonic
        self._ends = monotonic() + limits.seconds
        self._lock = threading.Lock()
        self._lines: list[socket.socket] = []
        self._cut = False
        self.asked = self.answered = 0

    @property
    def remaining(self) -> float:
        return self._ends - self._monotonic()

    def check(self) -> None:
        """Raises LateError."""
        if self._cut or self.remaining <= 0:
            raise LateError.within(self.limits.seconds)

    def request(self) -> None:
        """Raises ManyError, LateError."""
        self.check()
        if self.asked >= self.limits.requests:
            raise ManyError(f"it takes more than {self.limits.requests:,} requests")
        self.asked += 1

    @staticmethod
    def is_short(content: bytes | bytearray) -> None:
        """Of a few megabytes of empty elements, hundreds come once they are parsed.

        Raises LargeError.
        """
        if content.count(b"<") > MOST_TAGS:
            raise LargeError(f"it has more than {MOST_TAGS:,} tags")

    def fits(self, size: int) -> None:
        """Raises LargeError."""
        if size > self.limits.answer_bytes:
            raise LargeError(f"it is larger than {self.limits.answer_bytes // MEBIBYTE} MiB")

    def watch(self, connection: socket.socket) -> None:
        """A descriptor of one's own stays valid whatever TLS or a pool do with theirs."""
        with self._lock:
            line = socket.fromfd(connection.fileno(), connection.family, connection.type)
            self._lines.append(line)
            if self._cut:
                _shut(line)

    def cut(self) -> None:
        """Whoever waits for a byte on one of the connections gets an end of file at once."""
        with self._lock:
            self._cut = True
            for line in self._lines:
                _shut(line)

    def close(self) -> None:
        with self._lock:
            for line in self._lines:
                line.close()
            self._lines.clear()


def _shut(line: socket.socket) -> None:
    with contextlib.suppress(OSError):
        line.shutdown(socket.SHUT_RDWR)


# A read that nobody opened a budget for (the set-up Job's) has this for each request.
DEFAULT = Limits(seconds=60.0, answer_bytes=8 * MEBIBYTE, requests=1)
_CURRENT: ContextVar[Budget | None] = ContextVar("budget", default=None)


@contextlib.contextmanager
def spending(budget: Budget) -> Iterator[None]:
    """For the calls of this thread within the block."""
    token = _CURRENT.set(budget)
    try:
        yield
    finally:
        _CURRENT.reset(token)
        budget.close()


@contextlib.contextmanager
def current() -> Iterator[Budget]:
    found = _CURRENT.get()
    if found is not None:
        yield found
        return
    own = Budget(DEFAULT)
    with spending(own):
        yield own
