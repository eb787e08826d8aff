"""Reads that may take long, beside the reconciles that want to know.

A reconcile waits for a read for a moment only; one that takes longer goes on by itself, and wakes
the resource when it has ended. So no worker is held for as long as an endpoint of others likes, and
nothing is read twice at a time. Who was slow once is not waited for until it is quick again. Used
by `observe` and `reconcile`, made by `process.operator`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Awaitable, Callable, Hashable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from enum import Enum
from typing import Any, TypeVar

from dandelion_operator.api.resource import NamespacedName

PATIENCE = 1.0
PATIENCE_WITH_SLOW = 0.02
# How long a result waits for the reconcile that was woken for it; what is older is asked anew.
KEPT = 30.0

Result = TypeVar("Result")
Place = tuple[NamespacedName, str]


class Pending(Enum):
    """No result yet; the resource is woken when there is one."""

    PENDING = "pending"


@dataclass
class Lookup:
    about: Hashable
    task: asyncio.Future[Any]
    started: float
    is_awaited: bool = False


def nobody(_: NamespacedName) -> None:
    """Where no queue runs."""


class Lookups:
    def __init__(
        self,
        wake: Callable[[NamespacedName], None] = nobody,
        patience: float = PATIENCE,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wake = wake
        self._patience = patience
        self._monotonic = monotonic
        self._running: dict[Place, Lookup] = {}
        self._slow: set[Place] = set()
        self._last: dict[Place, tuple[Hashable, Any]] = {}
        self._held: dict[NamespacedName, dict[str, tuple[Hashable, Any]]] = {}

    @contextmanager
    def held(self, key: NamespacedName) -> Iterator[None]:
        """For one pass of a reconcile: a result that it was given is not asked for anew.

        One that looks again before it writes would else find each time that the very answer for
        which it was woken is being waited for once more.
        """
        self._held[key] = {}
        try:
            yield
        finally:
            del self._held[key]

    async def get(
        self,
        key: NamespacedName,
        kind: str,
        about: Hashable,
        read: Callable[[], Awaitable[Result]],
        or_last: bool = False,
    ) -> Result | Pending:
        """What `read` returns or raises; `or_last`: rather than pending, what it returned before.

        `kind` names a read of which a resource has one at a time, `about` all that it depends on.
        """
        place = (key, kind)
        held = self._held.get(key, {}).get(kind)
        if held is not None and held[0] == about:
            again: Result = held[1]
            return again
        lookup = self._running.get(place)
        if lookup is None or lookup.about != about:
            task = asyncio.ensure_future(read())
            lookup = self._running[place] = Lookup(about, task, self._monotonic())
        if not lookup.task.done():
            await asyncio.wait({lookup.task}, timeout=self._patience_for(place, lookup))
        if lookup.task.done():
            taken: Result = self._taken(place, lookup, or_last)
            return taken
        self._slow.add(place)
        if not lookup.is_awaited:
            lookup.is_awaited = True
            lookup.task.add_done_callback(lambda _: self._ended(place, lookup))
        known_about, last = self._last.get(place, (None, None))
        if not or_last or known_about != about:
            return Pending.PENDING
        found: Result = last
        return found

    def _patience_for(self, place: Place, lookup: Lookup) -> float:
        if place in self._slow:
            return PATIENCE_WITH_SLOW
        return max(0.0, lookup.started + self._patience - self._monotonic())

    def _taken(self, place: Place, lookup: Lookup, is_kept: bool) -> Any:
        if self._running.get(place) is lookup:
            del self._running[place]
        if not lookup.is_awaited:
            self._slow.discard(place)
        result = lookup.task.result()
        key, kind = place
        if key in self._held:
            self._held[key][kind] = (lookup.about, result)
        if is_kept:
            self._last[place] = (lookup.about, result)
        return result

    def _ended(self, place: Place, lookup: Lookup) -> None:
        if self._running.get(place) is not lookup:
            return
        if self._monotonic() - lookup.started <= self._patience:
            self._slow.discard(place)
        asyncio.get_running_loop().call_later(KEPT, self._drop, place, lookup)
        self._wake(place[0])

    def _drop(self, place: Place, lookup: Lookup) -> None:
        if self._running.get(place) is lookup:
            del self._running[place]

    def forget(self, key: NamespacedName) -> None:
        for known in (self._running, self._last):
            for place in [place for place in known if place[0] == key]:
                del known[place]
        self._slow = {place for place in self._slow if place[0] != key}

    def close(self) -> None:
        """What nobody will come back for."""
        for lookup in self._running.values():
            lookup.task.cancel()
