"""Bytes and places, given out in the order in which they are asked for.

A weighted semaphore: what fits runs beside others, and nobody who asks for much is overtaken for
ever by those who ask for little. Used by `decoders.py`, on the event loop.
"""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager


class NeverFitsError(Exception):
    """More was asked for than there is."""


class Budget:
    def __init__(self, size: int, places: int) -> None:
        """So many bytes, for so many holders at once."""
        self.size = size
        self.held = 0
        self._places = places
        self._holders = 0
        self._waiting: deque[tuple[int, asyncio.Future[None]]] = deque()

    @property
    def waiting(self) -> int:
        """How many wait for their turn."""
        return len(self._waiting)

    @asynccontextmanager
    async def hold(self, size: int) -> AsyncIterator[None]:
        """Bytes and a place, once those before have theirs; raises NeverFitsError, at once."""
        await self._take(size)
        try:
            yield
        finally:
            self._give_back(size)

    async def _take(self, size: int) -> None:
        if size > self.size:
            raise NeverFitsError
        turn: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((size, turn))
        self._go_on()
        try:
            await turn
        except asyncio.CancelledError:
            if turn.cancelled():
                self._go_on()
            else:  # it came in the same moment
                self._give_back(size)
            raise

    def _give_back(self, size: int) -> None:
        self.held -= size
        self._holders -= 1
        self._go_on()

    def _go_on(self) -> None:
        while self._waiting:
            size, turn = self._waiting[0]
            if not turn.done():
                if self.held + size > self.size or self._holders == self._places:
                    return
                self.held += size
                self._holders += 1
                turn.set_result(None)
            self._waiting.popleft()
