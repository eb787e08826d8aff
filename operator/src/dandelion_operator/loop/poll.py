"""The registry poll: notices that somebody moved an alias or registered a version.

One cheap call a resource and round; a resource whose answer changed is enqueued, and so is one that
turns from an answer to an error or back, which says nothing about the others. MLflow going away or
coming back enqueues all of them once, so that the conditions say so; while it is away, one failing
call a round is enough.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from dandelion_operator.api import naming
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.loop.workqueue import Queue
from dandelion_operator.ports.registry import (
    Pulse,
    Registry,
    RegistryError,
    SilentRegistryError,
)

# One model that gets no answer may be its own trouble; so many in a row are MLflow's.
SILENT_MODELS = 3

log = structlog.get_logger(__name__)


class RegistryPoll:
    def __init__(self, registry: Registry, queue: Queue, seconds: float) -> None:
        self._registry = registry
        self._queue = queue
        self._seconds = seconds
        # None: MLflow has an error for this model.
        self._pulses: dict[NamespacedName, Pulse | None] = {}
        self._asked_last: NamespacedName | None = None
        self._away = False

    async def run(self, allowed: Callable[[], bool]) -> None:
        while True:
            await asyncio.sleep(self._seconds)
            if allowed():
                try:
                    await self.round()
                except Exception:
                    log.exception("a round of the registry poll failed and is tried again")

    async def round(self) -> None:
        keys = self._queue.keys
        for gone in self._pulses.keys() - set(keys):
            del self._pulses[gone]
        silent = 0
        for key in self._in_turn(keys):
            self._asked_last = key
            try:
                self._noted(key, await self._registry.pulse(naming.registered_model(key)))
                silent = 0
            except SilentRegistryError as error:
                silent += 1
                if error.nobody or silent >= SILENT_MODELS:
                    self._turned(away=True, cause=str(error))
                    return
                self._noted(key, None)
            except RegistryError:
                self._noted(key, None)
                silent = 0
        if keys and not silent:
            self._turned(away=False)

    def _in_turn(self, keys: tuple[NamespacedName, ...]) -> tuple[NamespacedName, ...]:
        """A round that ended early is followed by those that it did not get to."""
        if self._asked_last not in keys:
            return keys
        after = keys.index(self._asked_last) + 1
        return keys[after:] + keys[:after]

    def _noted(self, key: NamespacedName, pulse: Pulse | None) -> None:
        is_known = key in self._pulses
        before = self._pulses.get(key)
        self._pulses[key] = pulse
        if is_known and before != pulse:
            self._queue.enqueue(key)

    def _turned(self, away: bool, cause: str = "") -> None:
        if away is self._away:
            return
        self._away = away
        if away:
            log.warning("MLflow does not answer", cause=cause)
        else:
            log.info("MLflow answers again")
        self._queue.enqueue_all()
