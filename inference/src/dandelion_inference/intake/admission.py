"""How much work is taken on at once.

Every accepted upload holds memory and every waiting one makes the others slower. What goes over the
bound is told at once to come back, which a client can act on; a queue without end only times out.

A client's promise takes nothing from the others. A place is for work: a body gets one when it has
arrived whole. Its bytes count from their arrival, and where they have no room, bodies that arrive
much slower make it; how many arrive at once is bounded by the connections. Called through
`front/service.py` for every prediction and explanation, on the event loop.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager

from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.intake.recent_rate import RecentRate

RETRY_SECONDS = 1
RETRY = {"Retry-After": str(RETRY_SECONDS)}

# Bodies make room for those that arrive so many times as fast.
MUCH_FASTER = 2.0


class Admission:
    def __init__(
        self,
        max_requests: int,
        max_bytes: int,
        what: str = "requests",
        now: Callable[[], float] = time.monotonic,
    ) -> None:
        """`what` is taken on, in the words of a refusal."""
        self.max_requests = max_requests
        self.max_bytes = max_bytes
        self._what = what
        self._now = now
        self.requests = 0
        self.bytes = 0
        self._arriving: dict[Place, None] = {}

    @property
    def held_share(self) -> float:
        """Of the places or of the bytes: what is nearer to its end."""
        return max(self.requests / self.max_requests, self.bytes / self.max_bytes)

    @contextmanager
    def admit(self) -> Iterator[Place]:
        """For one request, from its head to its answer; raises RefusedError where the service is
        full already, which saves sending the body."""
        if self.requests >= self.max_requests:
            raise self._full()
        place = Place(self, self._now())
        self._arriving[place] = None
        try:
            yield place
        finally:
            self.bytes -= place.size
            if place in self._arriving:
                del self._arriving[place]
            elif not place.evicted:
                self.requests -= 1

    @property
    def crowded(self) -> bool:
        """Whether so much is held that who can should finish something before taking on more."""
        return 2 * self.bytes > self.max_bytes

    def hold(self, place: Place, size: int) -> None:
        now = self._now()
        place.rate.received(size, now)
        lacking = self.bytes + size - self.max_bytes
        if lacking > 0:
            arriving = list(self._arriving)
            slower = to_evict(
                place.rate.at(now), lacking, [(one.rate.at(now), one.size) for one in arriving]
            )
            if slower is None:
                raise self._full()
            for position in slower:
                self._evict(arriving[position])
        self.bytes += size
        place.size += size

    def begin(self, place: Place) -> None:
        if self.requests >= self.max_requests:
            raise self._full()
        self.requests += 1
        del self._arriving[place]

    def _evict(self, place: Place) -> None:
        del self._arriving[place]
        self.bytes -= place.size
        place.evict()

    def release(self, size: int) -> None:
        self.bytes -= size

    def _full(self) -> RefusedError:
        return RefusedError(
            Code.QUEUE_FULL,
            f"{self.requests} {self._what} are being answered, and {self.bytes} bytes are held "
            f"for them and for what arrives; at most {self.max_requests} with {self.max_bytes} "
            f"bytes are taken on at once. Try again in {RETRY_SECONDS} s, or add replicas.",
            headers=RETRY,
        )


class Streams(Admission):
    """How many streams of lines are taken on at once, and how many of their lines are worked on."""

    def __init__(self, max_streams: int, max_bytes: int, lines_at_once: int) -> None:
        super().__init__(max_streams, max_bytes, "streams")
        self.lines_at_once = lines_at_once
        self.turn = asyncio.Semaphore(lines_at_once)
        """For one line of whichever stream; they get it in the order in which they ask."""


class Place:
    """One request's place: while its body arrives, and while it is answered."""

    def __init__(self, admission: Admission, now: float) -> None:
        self._admission = admission
        self.rate = RecentRate(now)
        self.size = 0
        """Bytes that are held."""
        self.evicted = False
        self.on_evicted: Callable[[], None] | None = None
        """Who waits for the rest of the body, and is to wait no longer."""

    def hold(self, size: int) -> None:
        """Takes room for `size` more bytes; raises RefusedError where there is none."""
        if self.evicted:
            raise self.refusal
        self._admission.hold(self, size)

    def release(self, size: int) -> None:
        """Gives back room for `size` bytes that are done with, before the request is."""
        self._admission.release(size)
        self.size -= size

    def begin(self) -> None:
        """Takes the place that work needs, now that the body is whole; raises RefusedError where
        there is none."""
        if self.evicted:
            raise self.refusal
        self._admission.begin(self)

    def evict(self) -> None:
        self.evicted = True
        self.size = 0
        if self.on_evicted is not None:
            self.on_evicted()

    @property
    def refusal(self) -> RefusedError:
        """What somebody is told whose body made room."""
        return RefusedError(
            Code.QUEUE_FULL,
            "The service holds as many bytes as it can, and this body arrived slower than others. "
            f"Try again in {RETRY_SECONDS} s.",
            headers=RETRY,
        )


def to_evict(
    rate: float, lacking: int, arriving: Sequence[tuple[float, int]]
) -> Sequence[int] | None:
    """Which bodies make room for one that arrives at `rate` and lacks so many bytes.

    `arriving` has the rate and the bytes of each body; the answer has positions in it, the slowest
    first. None where there is not enough of what arrives much slower.
    """
    slower = sorted(
        (other, position, size)
        for position, (other, size) in enumerate(arriving)
        if size and other * MUCH_FASTER <= rate
    )
    chosen = []
    for _, position, size in slower:
        chosen.append(position)
        lacking -= size
        if lacking <= 0:
            return chosen
    return None
