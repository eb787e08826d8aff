"""The registry poll: notices that somebody moved an alias or registered a version.

One cheap call a resource and round; a resource whose answer changed is enqueued. MLflow going away
or coming back enqueues all of them once, so that the conditions say so; while it is away, one
failing call a round is enough.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import structlog

from dandelion_operator.api import naming
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.loop.workqueue import Queue
from dandelion_operator.ports.registry import Pulse, Registry, RegistryError

log = structlog.get_logger(__name__)


class RegistryPoll:
    def __init__(self, registry: Registry, queue: Queue, seconds: float) -> None:
        self._registry = registry
        self._queue = queue
        self._seconds = seconds
        self._pulses: dict[NamespacedName, Pulse] = {}
        self._away = False

    async def run(self, allowed: Callable[[], bool]) -> None:
        while True:
            await asyncio.sleep(self._seconds)
            if allowed():
                await self.round()

    async def round(self) -> None:
        keys = self._queue.keys
        for gone in self._pulses.keys() - set(keys):
            del self._pulses[gone]
        for key in keys:
            try:
                pulse = await self._registry.pulse(naming.registered_model(key))
            except RegistryError as error:
                self._turned(away=True, cause=str(error))
                return
            before = self._pulses.get(key)
            self._pulses[key] = pulse
            if before is not None and before != pulse:
                self._queue.enqueue(key)
        if keys:
            self._turned(away=False)

    def _turned(self, away: bool, cause: str = "") -> None:
        if away is self._away:
            return
        self._away = away
        if away:
            log.warning("MLflow does not answer", cause=cause)
        else:
            log.info("MLflow answers again")
        self._queue.enqueue_all()
