"""So many requests at once for one namespace, so that none takes all the connections there are.

Used by whatever asks for everybody what is one namespace's: `cluster.serving`, `review_service`.
"""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from weakref import WeakValueDictionary


class FullError(Exception):
    """No place became free in time."""


class Bulkhead:
    def __init__(self, at_once: int, patience: float) -> None:
        """`patience`: how long to wait for a place, in seconds."""
        self._at_once = at_once
        self._patience = patience
        # Those that somebody has a place of, or waits for.
        self._places: WeakValueDictionary[str, asyncio.Semaphore] = WeakValueDictionary()

    @asynccontextmanager
    async def place(self, namespace: str) -> AsyncIterator[None]:
        """Raises FullError."""
        places = self._places.setdefault(namespace, asyncio.Semaphore(self._at_once))
        try:
            async with asyncio.timeout(self._patience):
                await places.acquire()
        except TimeoutError:
            raise FullError from None
        try:
            yield
        finally:
            places.release()
