"""How much may be asked, for one kind of caller: strangers or the known.

Each kind has a bulkhead of its own, so that a flood of one takes nothing from the other. Called on
the event loop, by `auth.py` for one pod and by the token reviewer for all of them together.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Generic, TypeVar

Key = TypeVar("Key")
Answer = TypeVar("Answer")


@dataclass(frozen=True)
class Limits:
    threads: int
    """Reviews under way at once."""
    unfinished: int
    """With those that wait for their turn."""
    rate: float
    """Begun a second in the long run."""
    burst: float
    """Begun at once after a quiet time."""


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


class Bulkhead(Generic[Key, Answer]):
    """Threads, places to wait in, and an allowance."""

    def __init__(self, kind: str, limits: Limits, now: Callable[[], float]) -> None:
        """`kind` names the threads."""
        self._limits = limits
        self._allowance = Allowance(limits.rate, limits.burst, now)
        self._under_way: dict[Key, asyncio.Future[Answer]] = {}
        self._threads = ThreadPoolExecutor(limits.threads, thread_name_prefix=f"auth-{kind}")

    def review(
        self,
        key: Key,
        ask: Callable[[], Answer],
        ended: Callable[[asyncio.Future[Answer]], None],
    ) -> asyncio.Future[Answer] | None:
        """The review of this key that is under way, or a new one; None where there is no room.

        `ended` is told of a new one's end. Others may wait for the same: shield it.
        """
        under_way = self._under_way.get(key)
        if under_way is not None:
            return under_way
        if len(self._under_way) >= self._limits.unfinished or not self._allowance.take():
            return None
        begun = asyncio.get_running_loop().run_in_executor(self._threads, ask)
        self._under_way[key] = begun
        # First, so that whoever is told finds the place free.
        begun.add_done_callback(lambda _: self._under_way.pop(key))
        begun.add_done_callback(ended)
        return begun

    def close(self) -> None:
        self._threads.shutdown(wait=False, cancel_futures=True)
