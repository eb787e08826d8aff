"""How much work is taken on at once.

Every accepted upload holds memory and every waiting one makes the others slower. What goes over the
bound is told at once to come back, which a client can act on; a queue without end only times out.
Bytes count once they are here: what a client only declares takes nothing from the others. Called by
`front/service.py` for every prediction and explanation, on the event loop.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from dandelion_inference.errors import Code, RefusedError

RETRY_SECONDS = 1


class Admission:
    def __init__(self, max_requests: int, max_bytes: int, what: str = "requests") -> None:
        """`what` is taken on, in the words of a refusal."""
        self.max_requests = max_requests
        self.max_bytes = max_bytes
        self._what = what
        self.requests = 0
        self.bytes = 0

    @property
    def held_share(self) -> float:
        """Of the places or of the bytes: what is nearer to its end."""
        return max(self.requests / self.max_requests, self.bytes / self.max_bytes)

    @contextmanager
    def admit(self) -> Iterator[Place]:
        """Holds a place for one request; raises RefusedError where there is none."""
        if self.requests >= self.max_requests:
            raise self._full()
        self.requests += 1
        place = Place(self)
        try:
            yield place
        finally:
            self.requests -= 1
            self.bytes -= place.size

    def hold(self, size: int) -> None:
        """Counts `size` more bytes; raises RefusedError, and counts none, where they do not fit."""
        if self.bytes + size > self.max_bytes:
            raise self._full()
        self.bytes += size

    def _full(self) -> RefusedError:
        return RefusedError(
            Code.QUEUE_FULL,
            f"{self.requests} {self._what} with {self.bytes} bytes are being answered; "
            f"at most {self.max_requests} with {self.max_bytes} bytes are taken on at once. "
            f"Try again in {RETRY_SECONDS} s, or add replicas.",
            headers={"Retry-After": str(RETRY_SECONDS)},
        )


class Place:
    """One request's place, with the bytes of it that have arrived."""

    def __init__(self, admission: Admission) -> None:
        self._admission = admission
        self.size = 0

    def hold(self, size: int) -> None:
        """Takes room for `size` more bytes; raises RefusedError where there is none."""
        self._admission.hold(size)
        self.size += size
