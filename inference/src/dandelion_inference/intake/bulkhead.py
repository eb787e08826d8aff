"""How much the API server may be asked, for one kind of caller: strangers or the known.

Each kind has a bulkhead of its own, so that a flood of one takes nothing from the other. Called by
`auth.py`, on the event loop.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

from dandelion_inference.intake.verdicts import Key, Verdict

# Reviews under way at once, and waiting for their turn.
THREADS = 4
UNFINISHED = 64
# Reviews begun a second in the long run, and at once after a quiet time.
RATE = 50.0
BURST = 100.0


class Allowance:
    """How many reviews may begin: a bucket that fills at a steady rate."""

    def __init__(self, rate: float, burst: float, now: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = burst
        self._now = now
        self._left = burst
        self._at = now()

    def take(self) -> bool:
        at = self._now()
        self._left = min(self._burst, self._left + (at - self._at) * self._rate)
        self._at = at
        if self._left < 1:
            return False
        self._left -= 1
        return True


class Bulkhead:
    """Threads, places to wait in, and an allowance."""

    def __init__(self, kind: str, now: Callable[[], float]) -> None:
        """`kind` names the threads."""
        self._allowance = Allowance(RATE, BURST, now)
        self._under_way: dict[Key, asyncio.Future[Verdict]] = {}
        self._threads = ThreadPoolExecutor(THREADS, thread_name_prefix=f"auth-{kind}")

    def review(
        self,
        key: Key,
        ask: Callable[[], Verdict],
        ended: Callable[[asyncio.Future[Verdict]], None],
    ) -> asyncio.Future[Verdict] | None:
        """The review of this key that is under way, or a new one; None where there is no room.

        `ended` is told of a new one's end. Others may wait for the same: shield it.
        """
        under_way = self._under_way.get(key)
        if under_way is not None:
            return under_way
        if len(self._under_way) >= UNFINISHED or not self._allowance.take():
            return None
        begun = asyncio.get_running_loop().run_in_executor(self._threads, ask)
        self._under_way[key] = begun
        # First, so that whoever is told finds the place free.
        begun.add_done_callback(lambda _: self._under_way.pop(key))
        begun.add_done_callback(ended)
        return begun

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
