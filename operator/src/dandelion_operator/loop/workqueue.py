"""The work queue: which resource is reconciled next, and when.

A resource that is enqueued any number of times between two reconciles is reconciled once; at most
one worker reconciles a resource at a time; reconciles are spaced apart, and back off where they
fail. The kopf handlers, the registry poll and the reconciler itself only ever enqueue; `run` calls
the reconciler.
"""

from __future__ import annotations

import asyncio
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field

import structlog

from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.ports import metrics
from dandelion_operator.ports.fence import NotLeadingError

WORKERS = 4
SPACING = 0.25
STANDBY_PAUSE = 0.2
FIRST_BACKOFF, LAST_BACKOFF = 1.0, 60.0
# A reconcile that finds nothing to do is cheap, but even so nobody needs more of them than this.
BURST, BURST_SECONDS, SLOW_SPACING = 60, 30.0, 2.0

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Requeue:
    """After how many seconds to reconcile next; `backoff` makes the queue wait longer each time."""

    after: float
    backoff: bool = False


Reconcile = Callable[[NamespacedName], Awaitable[Requeue | None]]


@dataclass
class Entry:
    due: float | None = None
    busy: bool = False
    ended: float = float("-inf")
    failures: int = 0
    starts: list[float] = field(default_factory=list)


class Queue:
    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
    ) -> None:
        self._monotonic = monotonic
        self._jitter = jitter
        self._entries: dict[NamespacedName, Entry] = {}
        self._changed = asyncio.Event()
        self._stopping = False
        self.last_turn = monotonic()

    @property
    def keys(self) -> tuple[NamespacedName, ...]:
        return tuple(self._entries)

    @property
    def longest_reconcile(self) -> float:
        """Seconds that the longest reconcile under way has been going on."""
        started = [entry.starts[-1] for entry in self._entries.values() if entry.busy]
        return self._monotonic() - min(started) if started else 0.0

    def enqueue(self, key: NamespacedName, after: float = 0.0) -> None:
        """The earlier of two moments wins."""
        entry = self._entries.setdefault(key, Entry())
        due = self._monotonic() + after
        if entry.due is None or due < entry.due:
            entry.due = due
            self._changed.set()

    def enqueue_all(self) -> None:
        for key in self.keys:
            self.enqueue(key)

    def forget(self, key: NamespacedName) -> None:
        entry = self._entries.get(key)
        if entry is not None and not entry.busy and entry.due is None:
            del self._entries[key]

    def next_due(self) -> tuple[NamespacedName, float] | None:
        """Whose turn comes first, and at which moment."""
        waiting = [
            (max(entry.due, self._not_before(entry)), str(key), key)
            for key, entry in self._entries.items()
            if entry.due is not None and not entry.busy
        ]
        if not waiting:
            return None
        moment, _, key = min(waiting)
        return key, moment

    def _not_before(self, entry: Entry) -> float:
        recent = [moment for moment in entry.starts if moment > self._monotonic() - BURST_SECONDS]
        entry.starts[:] = recent[-BURST:] or entry.starts[-1:]
        return entry.ended + (SLOW_SPACING if len(recent) >= BURST else SPACING)

    def stop(self) -> None:
        """No new reconcile; `run` returns once those under way have ended."""
        self._stopping = True
        self._changed.set()

    async def run(self, reconcile: Reconcile, allowed: Callable[[], bool]) -> None:
        """While it is not allowed to (another operator leads), resources are only enqueued."""
        async with asyncio.TaskGroup() as group:
            free = asyncio.Semaphore(WORKERS)
            while not self._stopping:
                self.last_turn = self._monotonic()
                self._changed.clear()
                if not allowed():
                    await asyncio.sleep(STANDBY_PAUSE)
                    continue
                turn = self.next_due()
                metrics.QUEUED.set(sum(entry.due is not None for entry in self._entries.values()))
                pause = 1.0 if turn is None else min(turn[1] - self._monotonic(), 1.0)
                if turn is None or pause > 0:
                    await self._changed_within(pause)
                    continue
                await free.acquire()
                entry = self._take(turn[0])
                task = group.create_task(self._reconcile(turn[0], entry, reconcile))
                task.add_done_callback(lambda _: free.release())

    async def _changed_within(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    def _take(self, key: NamespacedName) -> Entry:
        entry = self._entries[key]
        entry.due, entry.busy = None, True
        entry.starts.append(self._monotonic())
        return entry

    async def _reconcile(self, key: NamespacedName, entry: Entry, reconcile: Reconcile) -> None:
        requeue: Requeue | None = None
        gone = False
        try:
            requeue = await reconcile(key)
            gone = requeue is None
        except NotLeadingError:
            requeue = Requeue(0.0)  # whoever leads does it; if that is this one again, at once
        except Exception as error:
            metrics.RECONCILE_ERRORS.labels(type(error).__name__).inc()
            log.exception("a reconcile failed and is tried again", resource=str(key))
            requeue = Requeue(0.0, backoff=True)
        finally:
            entry.busy, entry.ended = False, self._monotonic()
            self._changed.set()
        if gone:
            self.forget(key)
            return
        assert requeue is not None
        entry.failures = entry.failures + 1 if requeue.backoff else 0
        self.enqueue(key, max(requeue.after, self._backoff(entry.failures)))

    def _backoff(self, failures: int) -> float:
        if failures == 0:
            return 0.0
        # A power of two with the failures of a night is no number any more.
        full = min(FIRST_BACKOFF * 2.0 ** min(failures - 1, 16), LAST_BACKOFF)
        return full * (0.75 + 0.25 * self._jitter())
