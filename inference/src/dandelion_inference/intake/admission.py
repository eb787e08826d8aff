"""How much work is taken on at once.

Every accepted upload holds memory and every waiting one makes the others slower. What goes over the
bound is told at once to come back, which a client can act on; a queue without end only times out.
Bytes count once they are here: what a client only declares takes nothing from the others. Called by
`front/service.py` for every prediction, on the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager

from dandelion_inference.errors import Code, RefusedError

RETRY_SECONDS = 1


class Admission:
    def __init__(self, max_requests: int, max_bytes: int, what: str = "requests") -> None:
        """`what` is taken on, in the words of a refusal."""
        self._max_requests = max_requests
        self._max_bytes = max_bytes
        self._what = what
        self._requests = 0
        self._bytes = 0

    @contextmanager
    def admit(self) -> Iterator[Place]:
        """Holds a place for one request; raises RefusedError where there is none."""
        if self._requests >= self._max_requests:
            raise self._full()
        self._requests += 1
        place = Place(self)
        try:
            yield place
        finally:
            self._requests -= 1
            self._bytes -= place.size

    @property
    def crowded(self) -> bool:
        """Whether so much is held that who can should finish something before taking on more."""
        return 2 * self._bytes > self._max_bytes

    def hold(self, size: int) -> None:
        """Counts `size` more bytes; raises RefusedError, and counts none, where they do not fit."""
        if self._bytes + size > self._max_bytes:
            raise self._full()
        self._bytes += size

    def release(self, size: int) -> None:
        self._bytes -= size

    def _full(self) -> RefusedError:
        return RefusedError(
            Code.QUEUE_FULL,
            f"{self._requests} {self._what} with {self._bytes} bytes are being answered; "
            f"at most {self._max_requests} with {self._max_bytes} bytes are taken on at once. "
            f"Try again in {RETRY_SECONDS} s, or add replicas.",
            headers={"Retry-After": str(RETRY_SECONDS)},
        )


class Streams(Admission):
    """How many streams of lines are taken on at once, and how many of their lines are worked on."""

    def __init__(self, max_streams: int, max_bytes: int, lines_at_once: int) -> None:
        super().__init__(max_streams, max_bytes, "streams")
        self.lines_at_once = lines_at_once
        self.turn = asyncio.Semaphore(lines_at_once)
        """For one line of whichever stream; they get it in the order in which they ask."""


class Place:
    """One request's place, with the bytes of it that have arrived."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self.size = 0

    def hold(self, size: int) -> None:
        """Takes room for `size` more bytes; raises RefusedError where there is none."""
        self._admission.hold(size)
        self.size += size

    def release(self, size: int) -> None:
        """Gives back room for `size` bytes that are done with, before the request is."""
        self._admission.release(size)
        self.size -= size
