"""A lane for each endpoint: how many read from it at a time, and whether it is asked at all.

minio blocks, so reads run in threads, in a pool of their own: the event loop's is left to those who
resolve names. An endpoint that is slow, silent or endless has its own few places in it and no more,
and who reads waits for at most what the read may take. A place is free again once its thread
is. Long listings have places of their own, so that nobody's short read waits behind them.
"""

from __future__ import annotations

import asyncio
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from enum import Enum
from typing import TypeVar

import structlog

from dandelion_operator.ports.breaker import Breaker, OpenError
from dandelion_operator.ports.s3.connection.budget import (
    Budget,
    BusyError,
    LateError,
    Limits,
    spending,
)
from dandelion_operator.ports.s3.connection.client import cause, is_silence

THREADS = 64
SLOT_SECONDS = 10.0
# How much later than its end a read may be given up if its thread does not notice by itself.
GRACE = 1.0
REMEMBERED = 1024

Result = TypeVar("Result")
log = structlog.get_logger(__name__)


class Kind(Enum):
    """What a read is; its value is how many of the kind an endpoint is asked for at a time."""

    DOCUMENT = 8
    LISTING = 3


class Lanes:
    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        threads: int = THREADS,
        slot_seconds: float = SLOT_SECONDS,
        places: Callable[[Kind], int] = lambda kind: kind.value,
    ) -> None:
        self._monotonic = monotonic
        self._slot_seconds = slot_seconds
        self._places = places
        self._pool = ThreadPoolExecutor(threads, thread_name_prefix="s3")
        self._slots: OrderedDict[tuple[str, Kind], asyncio.Semaphore] = OrderedDict()
        self._breakers: OrderedDict[tuple[str, ...], Breaker] = OrderedDict()
        self._running: set[Budget] = set()

    async def read(
        self,
        endpoint: str,
        identity: tuple[str, ...],
        kind: Kind,
        limits: Limits,
        work: Callable[[], Result],
    ) -> Result:
        """What `work` returns, from a thread that spends `limits`.

        `identity` is whose reads stop when the endpoint does not answer them: with other keys, or
        another authority of certificates, the same endpoint may. Raises what `work` does,
        SpentError, OpenError and BusyError.
        """
        breaker = self._breaker(identity)
        breaker.check()
        slot = self._slot(endpoint, kind)
        try:
            async with asyncio.timeout(self._slot_seconds):
                await slot.acquire()
        except TimeoutError:
            raise BusyError(
                f"all {self._places(kind)} places for reads of it are taken by slower ones"
            ) from None
        try:
            breaker.enter()
        except OpenError:
            slot.release()
            raise
        budget = Budget(limits)
        try:
            return await self._run(budget, slot, work)
        except Exception as error:
            # An endpoint that answered is there, however much more there was to say.
            if budget.answered or not is_silence(error):
                raise
            self._failed(breaker, endpoint, cause(error))
            raise
        finally:
            if budget.answered:
                breaker.answered()
            breaker.unasked()
            if breaker.is_untroubled:
                self._breakers.pop(identity, None)

    async def _run(
        self, budget: Budget, slot: asyncio.Semaphore, work: Callable[[], Result]
    ) -> Result:
        loop = asyncio.get_running_loop()
        thread = loop.run_in_executor(self._pool, _spend, budget, work)
        alarm = loop.call_later(budget.limits.seconds, budget.cut)
        self._running.add(budget)

        def ended(done: asyncio.Future[Result]) -> None:
            alarm.cancel()
            self._running.discard(budget)
            slot.release()
            if not done.cancelled():
                done.exception()  # where nobody waits any more, nobody misses it

        thread.add_done_callback(ended)
        await asyncio.wait({thread}, timeout=budget.limits.seconds + GRACE)
        if not thread.done():
            raise LateError.within(budget.limits.seconds)
        return thread.result()

    def _slot(self, endpoint: str, kind: Kind) -> asyncio.Semaphore:
        found = self._slots.setdefault((endpoint, kind), asyncio.Semaphore(self._places(kind)))
        self._slots.move_to_end((endpoint, kind))
        while len(self._slots) > REMEMBERED:
            self._slots.popitem(last=False)
        return found

    def _breaker(self, identity: tuple[str, ...]) -> Breaker:
        found = self._breakers.setdefault(identity, Breaker(self._monotonic))
        self._breakers.move_to_end(identity)
        while len(self._breakers) > REMEMBERED:
            self._breakers.popitem(last=False)
        return found

    def _failed(self, breaker: Breaker, endpoint: str, why: str) -> None:
        was_open = breaker.is_open
        breaker.failed(why)
        if breaker.is_open and not was_open:
            log.warning("an endpoint is asked less often", endpoint=endpoint, cause=why)

    def close(self) -> None:
        """No read outlives the operator by more than its thread needs to notice."""
        for budget in tuple(self._running):
            budget.cut()
        self._pool.shutdown(wait=False, cancel_futures=True)


def _spend(budget: Budget, work: Callable[[], Result]) -> Result:
    with spending(budget):
        try:
            return work()
        except Exception:
            budget.check()  # what went wrong after the end went wrong because of it
            raise
