"""The registry poll: notices that somebody moved an alias or registered a version.

All models are listed together, and a resource whose model changed is enqueued. Where MLflow cannot
list them, the models of the resources are asked for one by one: one that turns from an answer to an
error or back is enqueued, which says nothing about the others. MLflow going away or coming back
enqueues all of them once, so that the conditions say so; while it is away, one failing call a round
is enough. The pause grows with the number of models: MLflow is to have other things to do.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

import structlog

from dandelion_operator.api import naming
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.loop.workqueue import STANDBY_PAUSE, Queue
from dandelion_operator.ports.registry import (
    Pulse,
    Registry,
    RegistryError,
    SilentRegistryError,
)

# One model that gets no answer may be its own trouble; so many in a row are MLflow's.
SILENT_MODELS = 3
# MLflow works half a millisecond for each model of a page, three microseconds for each of a listing
# at once: pauses that keep it at 2 % of a processor.
SECONDS_PER_MODEL, SECONDS_PER_MODEL_AT_ONCE, LONGEST_PAUSE = 0.025, 0.00025, 300.0
# After a restart the first listing is worth so many seconds: it spares two calls a resource.
WAIT_FOR_LISTING_SECONDS = 10.0

NOT_REGISTERED = Pulse((), 0)

log = structlog.get_logger(__name__)


class RegistryPoll:
    def __init__(
        self,
        registry: Registry,
        queue: Queue,
        seconds: float,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        """`seconds`: the shortest pause between two rounds."""
        self._registry = registry
        self._queue = queue
        self._seconds = seconds
        self._monotonic = monotonic
        self._begun: float | None = None
        self._listed = False
        # None: MLflow has an error for this model.
        self._pulses: dict[NamespacedName, Pulse | None] = {}
        self._asked_last: NamespacedName | None = None
        self._away = False

    @property
    def worth_waiting_for(self) -> bool:
        """The first listing is under way and has not taken too long."""
        begun = self._begun if self._begun is not None else self._monotonic()
        return not self._listed and self._monotonic() < begun + WAIT_FOR_LISTING_SECONDS

    async def run(self, allowed: Callable[[], bool]) -> None:
        while True:
            if not allowed():
                await asyncio.sleep(STANDBY_PAUSE)
                continue
            self._begun = self._begun if self._begun is not None else self._monotonic()
            models = 0
            try:
                models = await self.round()
            except Exception:
                log.exception("a round of the registry poll failed and is tried again")
            self._listed = True
            await asyncio.sleep(self.pause(models))

    def pause(self, models: int) -> float:
        """Seconds after a round that had so many models listed."""
        at_once = self._registry.lists_at_once
        for_each = SECONDS_PER_MODEL_AT_ONCE if at_once else SECONDS_PER_MODEL
        return max(self._seconds, min(for_each * models, LONGEST_PAUSE))

    async def round(self) -> int:
        """How many models MLflow had to list."""
        keys = self._queue.keys
        for gone in self._pulses.keys() - set(keys):
            del self._pulses[gone]
        try:
            listed = await self._registry.pulses()
        except RegistryError as error:
            if isinstance(error, SilentRegistryError) and error.nobody:
                self._turned(away=True, cause=str(error))
                return 0
            await self._one_by_one(keys)
            return len(keys)
        for key in keys:
            self._noted(key, listed.get(naming.registered_model(key), NOT_REGISTERED))
        self._turned(away=False)
        return len(listed)

    async def _one_by_one(self, keys: tuple[NamespacedName, ...]) -> None:
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
