"""Ready pods are asked about drift beside the reconciles, and what they count wakes nobody."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any, cast

from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.ports.probes import LONGEST_PAUSE, PAUSE, PLACES_FOR_WINDOWS, Probes
from dandelion_operator.ports.probes.probe import Probe
from dandelion_operator.seen.serving import Answer
from dandelion_operator.seen.windows import WindowsOfSize
from fakes.cluster import KEY
from given.drifting import windows

PODS = {"a": ("10.0.1.1", 8081), "b": ("10.0.1.2", 8081)}
Told = tuple[WindowsOfSize, ...] | None


class Pods:
    def __init__(self) -> None:
        self.told: Told = (windows(0.5),)
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.asked: list[str] = []
        self.trouble: Exception | None = None

    async def drift(self, address: str, port: int) -> Told:
        self.asked.append(f"{address}:{port}")
        await self.may_answer.wait()
        if self.trouble is not None:
            raise self.trouble
        return self.told

    async def service(self, address: str, port: int = 80) -> Answer:
        return Answer(1)

    async def pod(self, address: str, port: int) -> tuple[str, str] | None:
        return "Draining", ""


class Asking:
    def __init__(self) -> None:
        self.pods, self.now, self.woken = Pods(), 0.0, 0
        self.probes = Probes(cast(Probe, self.pods), self._wake, lambda: self.now)

    def _wake(self, key: NamespacedName) -> None:
        self.woken += 1

    async def windows(self, key: NamespacedName = KEY) -> dict[str, tuple[bool, Told]]:
        """What a reconcile is given; whatever is asked then is answered."""
        found = self.probes.windows(key, PODS)
        for _ in range(20):
            await asyncio.sleep(0)
        self.now += PAUSE
        return found


def scene(play: Callable[[Asking], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    def test() -> None:
        async def run() -> None:
            await play(Asking())

        asyncio.run(run())

    test.__name__, test.__doc__ = play.__name__, play.__doc__
    return test


@scene
async def test_the_first_answer_of_each_pod_wakes_its_resource(asking: Asking) -> None:
    assert await asking.windows() == {"a": (False, None), "b": (False, None)}
    assert asking.woken == 2
    told = (True, (windows(0.5),))
    assert await asking.windows() == {"a": told, "b": told}
    assert asking.pods.asked == ["10.0.1.1:8081", "10.0.1.2:8081"] * 2


@scene
async def test_other_numbers_wake_nobody_and_drift_that_begins_or_ends_does(asking: Asking) -> None:
    await asking.windows()
    for ratios in ((0.7, 0.5), (2.0, 0.7, 0.5), (2.0, 2.0, 0.7)):
        asking.pods.told = (windows(*ratios),)
        await asking.windows()
    assert asking.woken == 2
    asking.pods.told = (windows(0.1), windows(2.0, 2.0, 2.0, answers=50))
    await asking.windows()
    assert asking.woken == 4
    asking.pods.told = (windows(0.1), windows(3.0, 2.0, 2.0, answers=50))
    await asking.windows()
    assert asking.woken == 4
    asking.pods.told = (windows(0.1),)
    await asking.windows()
    assert asking.woken == 6


@scene
async def test_an_error_that_was_never_thought_of_tells_nothing(asking: Asking) -> None:
    asking.pods.trouble = RuntimeError("never thought of")
    await asking.windows()
    assert await asking.windows() == {"a": (True, None), "b": (True, None)}


@scene
async def test_a_pod_that_is_asked_about_drift_is_asked_why_it_is_not_ready_as_well(
    asking: Asking,
) -> None:
    await asking.windows()
    assert asking.probes.pods(KEY, {"a": PODS["a"]}) == {"a": None}
    told = (True, (windows(0.5),))
    assert await asking.windows() == {"a": told, "b": told}
    assert asking.probes.pods(KEY, {"a": PODS["a"]}) == {"a": ("Draining", "")}
    asking.probes.pods(KEY, {})
    assert await asking.windows() == {"a": told, "b": told}


@scene
async def test_pods_that_never_answer_keep_no_service_waiting(asking: Asking) -> None:
    asking.pods.may_answer.clear()
    for number in range(100):
        await asking.windows(NamespacedName("default", f"dead-{number}"))
    assert len(asking.pods.asked) == PLACES_FOR_WINDOWS
    asking.now += LONGEST_PAUSE
    asking.probes.service(KEY, "10.0.0.1", "ready")
    for _ in range(20):
        await asyncio.sleep(0)
    assert asking.probes.service(KEY, "10.0.0.1", "ready") == Answer(1)
    asking.probes.close()
