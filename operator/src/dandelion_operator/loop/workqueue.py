"""The work queue: which resource is reconciled next, and when.

A resource that is enqueued any number of times between two reconciles is reconciled once; at most
one worker reconciles a resource at a time; reconciles are spaced apart, and back off where they
fail. What an event asks for goes ahead of the backlog (a restart, a resync, MLflow back), and
resyncs are spread over time, so that their load does not grow with the number of resources. The
kopf handlers, the registry poll and the reconciler itself only ever enqueue; `run` calls the
reconciler.
"""

from __future__ import annotations

import asyncio
import math
import random
import time
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from heapq import heapify, heappop, heappush

import structlog

from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.ports import metrics
from dandelion_operator.ports.fence import NotLeadingError

# They wait for answers far more than they compute.
WORKERS = 16
SPACING = 0.25
STANDBY_PAUSE = 0.2
FIRST_BACKOFF, LAST_BACKOFF = 1.0, 60.0
# A reconcile that finds nothing to do is cheap, but even so nobody needs more of them than this.
BURST, BURST_SECONDS, SLOW_SPACING = 60, 30.0, 2.0
# An event is ahead of all of the backlog that has not waited for longer than this yet.
AHEAD_SECONDS = 10.0
# Who asks for a pause as long as this is at rest, and all that are share one resync every so often.
AT_REST, RESYNC_EVERY = 30.0, 2.0
# Pauses as long as this are cut short by chance, up to a quarter: what began together drifts apart.
SPREAD_FROM = 5.0
# Places in a heap that are void are cleared away once there are so many for each resource.
VOID_EACH, VOID_ANYWAY = 4, 64

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Requeue:
    """After how many seconds to reconcile next; `backoff` makes the queue wait longer each time.

    `latest`: something comes due after so many, and waits for no resync that many others share.
    """

    after: float
    backoff: bool = False
    latest: float = math.inf


Reconcile = Callable[[NamespacedName], Awaitable[Requeue | None]]


@dataclass
class Entry:
    """`ticket` is its one place in a heap that is not void; `moment` is when its turn may come.

    `rested`: it has been at rest since the queue began.
    """

    due: float | None = None
    fresh: bool = False
    moment: float = 0.0
    ticket: int = 0
    busy: bool = False
    ended: float = float("-inf")
    failures: int = 0
    rested: bool = False
    starts: list[float] = field(default_factory=list)


class Queue:
    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        jitter: Callable[[], float] = random.random,
        workers: int = WORKERS,
    ) -> None:
        self._monotonic = monotonic
        self._jitter = jitter
        self._workers = workers
        self._entries: dict[NamespacedName, Entry] = {}
        # By the moment from which it may be reconciled; and those that may, by rank.
        self._waiting: list[tuple[float, int, NamespacedName]] = []
        self._ready: list[tuple[float, int, NamespacedName]] = []
        self._tickets = 0
        self._busy: dict[NamespacedName, float] = {}
        self._changed = asyncio.Event()
        self._stopping = False
        self.last_turn = monotonic()

    @property
    def keys(self) -> tuple[NamespacedName, ...]:
        return tuple(self._entries)

    @property
    def longest_reconcile(self) -> float:
        """Seconds that the longest reconcile under way has been going on."""
        return self._monotonic() - min(self._busy.values()) if self._busy else 0.0

    def enqueue(self, key: NamespacedName, after: float = 0.0, fresh: bool = True) -> None:
        """The earlier of two moments wins; `fresh`: something happened just now."""
        entry = self._entries.setdefault(key, Entry())
        due = self._monotonic() + after
        earlier = entry.due is None or due < entry.due
        if not earlier and (entry.fresh or not fresh or after > 0):
            return
        entry.due = due if entry.due is None else min(due, entry.due)
        entry.fresh = entry.fresh or fresh
        if not entry.busy:
            self._place(key, entry)
        self._changed.set()

    def enqueue_all(self) -> None:
        for key in self.keys:
            self.enqueue(key, fresh=False)

    def forget(self, key: NamespacedName) -> None:
        entry = self._entries.get(key)
        if entry is not None and not entry.busy and entry.due is None:
            del self._entries[key]

    def next_due(self) -> tuple[NamespacedName, float] | None:
        """Whose turn comes first, and at which moment."""
        now = self._monotonic()
        while self._waiting and (self._is_void(self._waiting[0]) or self._waiting[0][0] <= now):
            place = heappop(self._waiting)
            if not self._is_void(place):
                self._rank(place[2], self._entries[place[2]])
        while self._ready and self._is_void(self._ready[0]):
            heappop(self._ready)
        first = (self._ready or self._waiting)[:1]
        return (first[0][2], self._entries[first[0][2]].moment) if first else None

    def _place(self, key: NamespacedName, entry: Entry) -> None:
        assert entry.due is not None
        entry.moment = max(entry.due, self._not_before(entry))
        self._tickets += 1
        entry.ticket = self._tickets
        heappush(self._waiting, (entry.moment, entry.ticket, key))
        if len(self._waiting) > VOID_EACH * len(self._entries) + VOID_ANYWAY:
            self._waiting = [place for place in self._waiting if not self._is_void(place)]
            heapify(self._waiting)

    def _rank(self, key: NamespacedName, entry: Entry) -> None:
        """Who has waited longest comes first, but the backlog's waiting counts from later on."""
        rank = entry.moment if entry.fresh else entry.moment + AHEAD_SECONDS
        heappush(self._ready, (rank, entry.ticket, key))

    def _is_void(self, place: tuple[float, int, NamespacedName]) -> bool:
        entry = self._entries.get(place[2])
        return entry is None or entry.due is None or entry.busy or entry.ticket != place[1]

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
            free = asyncio.Semaphore(self._workers)
            while not self._stopping:
                self.last_turn = self._monotonic()
                self._changed.clear()
                if not allowed():
                    await asyncio.sleep(STANDBY_PAUSE)
                    continue
                turn = self.next_due()
                metrics.QUEUED.set(len(self._ready))
                pause = 1.0 if turn is None else min(turn[1] - self._monotonic(), 1.0)
                if turn is None or pause > 0:
                    await self._changed_within(pause)
                    continue
                if free.locked():
                    # Who is first is asked once a worker is free: an event may have come meanwhile.
                    await self._changed_within(1.0)
                    continue
                await free.acquire()
                entry = self._take(turn[0])
                task = group.create_task(self._reconcile(turn[0], entry, reconcile))
                task.add_done_callback(lambda _: self._freed(free))

    def _freed(self, free: asyncio.Semaphore) -> None:
        free.release()
        self._changed.set()

    async def _changed_within(self, seconds: float) -> None:
        try:
            async with asyncio.timeout(seconds):
                await self._changed.wait()
        except TimeoutError:
            return

    def _take(self, key: NamespacedName) -> Entry:
        entry = self._entries[key]
        entry.due, entry.fresh, entry.busy = None, False, True
        entry.starts.append(self._monotonic())
        self._busy[key] = self._monotonic()
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
            del self._busy[key]
            if entry.due is not None:
                self._place(key, entry)
            self._changed.set()
        if gone:
            self.forget(key)
            return
        assert requeue is not None
        entry.failures = entry.failures + 1 if requeue.backoff else 0
        # What is under way is as urgent as an event; what is at rest or in trouble is backlog.
        under_way = requeue.after < SPREAD_FROM and not requeue.backoff
        self.enqueue(key, self._pause(requeue, entry), fresh=under_way)

    def _pause(self, requeue: Requeue, entry: Entry) -> float:
        """Seconds until the next reconcile, where no event asks for an earlier one."""
        after = requeue.after
        if after >= AT_REST:
            after = max(after, RESYNC_EVERY * len(self._entries))
            # After a restart all come to rest together: the first rest ends at any time.
            share = 0.75 if entry.rested else 0.0
            entry.rested = True
            after *= share + (1 - share) * self._jitter()
        elif after >= SPREAD_FROM:
            after *= 0.75 + 0.25 * self._jitter()
        return max(min(after, requeue.latest), self._backoff(entry.failures))

    def _backoff(self, failures: int) -> float:
        if failures == 0:
            return 0.0
        # A power of two with the failures of a night is no number any more.
        full = min(FIRST_BACKOFF * 2.0 ** min(failures - 1, 16), LAST_BACKOFF)
        return full * (0.75 + 0.25 * self._jitter())
