"""A Service and pods that answer once they may, and what a reconcile is given meanwhile."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, cast

from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.ports.probes import PAUSE, Probes
from dandelion_operator.ports.probes.probe import Probe
from dandelion_operator.seen.serving import Answer
from dandelion_operator.seen.windows import WindowsOfSize
from fakes.cluster import KEY

from given.drifting import windows

READY = frozenset({"lawn-inference-1"})
PODS = {"a": ("10.0.1.1", 8081), "b": ("10.0.1.2", 8081)}
Told = tuple[WindowsOfSize, ...] | None


class Pods:
    """What a Service and pods answer, once they may; `may_tell` is for questions about drift."""

    def __init__(self) -> None:
        self.answer = Answer(1)
        self.reason: tuple[str, str] | None = ("Draining", "")
        self.told: Told = (windows(0.5),)
        self.may_answer, self.may_tell = asyncio.Event(), asyncio.Event()
        self.may_answer.set()
        self.may_tell.set()
        self.asked: list[str] = []
        self.trouble: Exception | None = None

    async def service(self, address: str, port: int = 80) -> Answer:
        await self._asked(address, self.may_answer)
        return self.answer

    async def pod(self, address: str, port: int) -> tuple[str, str] | None:
        await self._asked(f"{address}:{port}", self.may_answer)
        return self.reason

    async def drift(self, address: str, port: int) -> Told:
        await self._asked(f"{address}:{port}/drift", self.may_tell)
        return self.told

    async def _asked(self, address: str, may: asyncio.Event) -> None:
        self.asked.append(address)
        await may.wait()
        if self.trouble is not None:
            raise self.trouble


async def answered() -> None:
    """Whatever was asked until now, and may be answered."""
    for _ in range(20):
        await asyncio.sleep(0)


class Asking:
    def __init__(self) -> None:
        self.pods, self.now, self.woken = Pods(), 0.0, list[str]()
        self.probes = Probes(
            cast(Probe, self.pods), lambda key: self.woken.append(key.name), lambda: self.now
        )

    async def service(self, ready: frozenset[str] = READY) -> Answer:
        """What a reconcile is given; whatever is asked then is answered."""
        found = self.probes.service(KEY, "10.0.0.1", ready)
        await answered()
        return found

    async def windows(self, key: NamespacedName = KEY) -> dict[str, tuple[bool, Told]]:
        """As `service`, of both pods; the next time they may be asked again."""
        found = self.probes.windows(key, PODS)
        await answered()
        self.now += PAUSE
        return found


def scene(play: Callable[[Asking], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    def test() -> None:
        async def run() -> None:
            await play(Asking())

        asyncio.run(run())

    test.__name__, test.__doc__ = play.__name__, play.__doc__
    return test
