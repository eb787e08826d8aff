"""Services and pods are asked beside the reconciles; Ready rests on what they answered lately."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Callable, Coroutine
from contextlib import ExitStack, asynccontextmanager
from typing import Any, cast

import given
import httpx
import pytest
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.api.status.conditions import ConditionType
from dandelion_operator.loop.decide import decide
from dandelion_operator.loop.report import report
from dandelion_operator.loop.workqueue import WORKERS, Queue, Requeue
from dandelion_operator.ports.probes import (
    ASKING,
    LONGEST_PAUSE,
    PAUSE,
    PLACES,
    PLACES_FOR_SILENT,
    RECENT,
    Probes,
)
from dandelion_operator.ports.probes.probe import Probe
from dandelion_operator.seen.serving import Answer
from fakes.cluster import KEY
from fakes.hostile import Behaviour, answer, drips, floods, hostile, says, silent

READY = frozenset({"lawn-inference-1"})
SILENCE = Answer(None, "a request through the Service fails: no answer")


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Pods:
    """What a Service and pods answer, once they may."""

    def __init__(self) -> None:
        self.answer = Answer(1)
        self.reason: tuple[str, str] | None = ("Draining", "")
        self.may_answer = asyncio.Event()
        self.may_answer.set()
        self.asked: list[str] = []
        self.trouble: Exception | None = None

    async def service(self, address: str, port: int = 80) -> Answer:
        self.asked.append(address)
        await self.may_answer.wait()
        if self.trouble is not None:
            raise self.trouble
        return self.answer

    async def pod(self, address: str, port: int) -> tuple[str, str] | None:
        self.asked.append(f"{address}:{port}")
        await self.may_answer.wait()
        return self.reason


async def answered() -> None:
    """Whatever was asked until now, and may be answered."""
    for _ in range(20):
        await asyncio.sleep(0)


class Asking:
    def __init__(self) -> None:
        self.pods, self.clock, self.woken = Pods(), Clock(), list[str]()
        self.probes = Probes(
            cast(Probe, self.pods), lambda key: self.woken.append(key.name), self.clock
        )

    async def service(self, ready: frozenset[str] = READY) -> Answer:
        """What a reconcile is given; whatever is asked then is answered."""
        found = self.probes.service(KEY, "10.0.0.1", ready)
        await answered()
        return found


def scene(play: Callable[[Asking], Coroutine[Any, Any, None]]) -> Callable[[], None]:
    def test() -> None:
        async def run() -> None:
            await play(Asking())

        asyncio.run(run())

    test.__name__, test.__doc__ = play.__name__, play.__doc__
    return test


@scene
async def test_the_first_answer_wakes_its_resource(asking: Asking) -> None:
    assert await asking.service() == ASKING
    assert asking.woken == [KEY.name]
    assert await asking.service() == Answer(1)


@scene
async def test_the_same_answer_wakes_nobody_and_another_one_does(asking: Asking) -> None:
    await asking.service()
    for _ in range(3):
        asking.clock.now += PAUSE
        await asking.service()
    assert len(asking.pods.asked) == 4
    assert len(asking.woken) == 1
    asking.pods.answer = SILENCE
    asking.clock.now += PAUSE
    await asking.service()
    assert len(asking.woken) == 2
    assert await asking.service() == SILENCE


@scene
async def test_an_answer_of_long_ago_proves_nothing(asking: Asking) -> None:
    await asking.service()
    asking.clock.now += RECENT + 1
    assert await asking.service() == ASKING
    assert await asking.service() == Answer(1)


@scene
async def test_other_replicas_are_another_question(asking: Asking) -> None:
    await asking.service()
    assert await asking.service(frozenset({"lawn-inference-2"})) == ASKING
    assert len(asking.pods.asked) == 2


@scene
async def test_one_question_at_a_time_and_not_without_a_pause(asking: Asking) -> None:
    asking.pods.may_answer.clear()
    for _ in range(5):
        await asking.service()
        asking.clock.now += 1
    asking.pods.may_answer.set()
    await answered()
    await asking.service()
    assert len(asking.pods.asked) == 1


@scene
async def test_who_does_not_answer_is_asked_less_often(asking: Asking) -> None:
    asking.pods.answer = SILENCE
    for _ in range(200):
        asking.clock.now += PAUSE
        await asking.service()
    assert len(asking.pods.asked) < 100 / LONGEST_PAUSE + 7
    assert await asking.service(frozenset({"a new replica"})) == ASKING
    assert len(asking.woken) == 2


@scene
async def test_an_error_that_was_never_thought_of_is_no_answer(asking: Asking) -> None:
    asking.pods.trouble = RuntimeError("never thought of")
    await asking.service()
    found = await asking.service()
    assert (found.version, found.pending) == (None, False)


@scene
async def test_pods_say_why_they_are_not_ready(asking: Asking) -> None:
    pods = {"a": ("10.0.1.1", 8081), "b": ("10.0.1.2", 8080)}
    assert asking.probes.pods(KEY, pods) == {"a": None, "b": None}
    await answered()
    assert len(asking.woken) == 2
    assert asking.pods.asked == ["10.0.1.1:8081", "10.0.1.2:8080"]
    assert asking.probes.pods(KEY, pods) == {"a": ("Draining", ""), "b": ("Draining", "")}
    asking.probes.pods(KEY, {})
    others = {"a": ("10.0.1.9", 8081)}
    assert asking.probes.pods(KEY, others) == {"a": None}, "another pod of that name"


@scene
async def test_what_is_gone_is_forgotten(asking: Asking) -> None:
    await asking.service()
    asking.probes.forget(KEY)
    assert await asking.service() == ASKING


@scene
async def test_those_who_never_answer_leave_places_to_others(asking: Asking) -> None:
    asking.pods.answer = SILENCE
    silent = [NamespacedName("default", f"dead-{number}") for number in range(PLACES * 2)]
    for _ in range(2):
        for key in silent:
            asking.probes.service(key, "10.0.0.9", READY)
        await answered()
        asking.clock.now += LONGEST_PAUSE
        asking.pods.may_answer.clear()
    for key in silent:
        asking.probes.service(key, "10.0.0.9", READY)
    await answered()
    asking.pods.asked.clear()
    asking.probes.service(KEY, "10.0.0.1", READY)
    await answered()
    assert asking.pods.asked == ["10.0.0.1"]
    assert PLACES_FOR_SILENT < PLACES


def test_services_that_never_answer_hold_no_worker() -> None:
    """As many as there are workers, and then one that is well."""

    async def scene() -> None:
        queue, well = Queue(), NamespacedName("default", "well")
        pods = Pods()
        pods.may_answer.clear()
        probes = Probes(cast(Probe, pods), queue.enqueue)

        async def reconcile(key: NamespacedName) -> Requeue:
            if key == well:
                queue.stop()
            probes.service(key, "10.0.0.1", READY)
            return Requeue(3600)

        for number in range(WORKERS):
            queue.enqueue(NamespacedName("default", f"dead-{number}"))
        queue.enqueue(well)
        await queue.run(reconcile, lambda: True)

    asyncio.run(scene())


SERVING = {"type": "Ready", "status": "True", "reason": "Serving", "message": "version 3 answers"}
STARTING = SERVING | {"status": "False", "reason": "Progressing", "message": "0 of 1 replicas"}


@pytest.mark.parametrize(
    ("before", "answer", "ready"),
    [
        pytest.param(SERVING, ASKING, ("True", "version 3 answers"), id="the operator started"),
        pytest.param(STARTING, ASKING, ("False", "0 of 1 replicas"), id="all replicas are ready"),
        pytest.param(None, ASKING, ("False", ASKING.message), id="nothing was said before"),
        pytest.param(SERVING, None, ("False", "no replica is ready"), id="no pod is ready"),
        pytest.param(SERVING, SILENCE, ("False", SILENCE.message), id="it does not answer"),
        pytest.param(STARTING, Answer(3), ("True", "version 3 answers"), id="the right version"),
        pytest.param(
            STARTING,
            Answer(2),
            ("False", "the Service answers with version 2, another one"),
            id="another version",
        ),
    ],
)
def test_ready_claims_nothing_new_without_an_answer(
    before: dict[str, str] | None, answer: Answer | None, ready: tuple[str, str]
) -> None:
    stamped = [] if before is None else [before | {"lastTransitionTime": given.NOW}]
    previous = given.status(
        champion={"version": "3"}, training=given.training("run3"), conditions=stamped
    )
    seen = given.serving(3, previous=previous, answer=answer)
    plan = decide(given.resource(), seen, given.place())
    found = report(given.resource(), seen, plan, (), given.NOW).condition(ConditionType.READY)
    assert found is not None
    assert (found.status, found.message) == ready


@asynccontextmanager
async def probing(seconds: float) -> AsyncIterator[Probe]:
    async with httpx.AsyncClient(trust_env=False) as http:
        yield Probe(http, pause=0, seconds=seconds)


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        pytest.param(silent, "no whole answer in time", id="silence"),
        pytest.param(drips(b"HTTP/1.1 200 OK\r\n\r\n", b" "), "no whole answer", id="a drip"),
        pytest.param(floods(b"HTTP/1.1 200 OK\r\n\r\n"), "not with the version", id="a flood"),
        pytest.param(says(answer(b"[" * 60_000)), "not with the version", id="no floor"),
        pytest.param(
            says(answer(b'{"model": {"version": "9e999"}}')), "not with the version", id="no number"
        ),
        pytest.param(
            says(answer(b'{"model": {"version": 1e999}}')), "not with the version", id="infinity"
        ),
        pytest.param(
            says(answer(b'{"reason": "<b>x</b>", "detail": "y"}', "503 No")),
            "through the Service: HTTP 503",
            id="a reason that is none",
        ),
        pytest.param(
            says(answer(b'{"reason": "Draining", "detail": "a\\u001b[2Jb <i>c</i>\\n"}', "503 No")),
            "through the Service: Draining: a [2Jb c",
            id="its words are cleaned",
        ),
        pytest.param(
            says(answer(b"<html>a page</html>", "502 No")), "Service: HTTP 502", id="a page"
        ),
    ],
)
def test_a_question_ends_whatever_listens(behaviour: Behaviour, words: str) -> None:
    async def scene(port: int) -> tuple[Answer, object]:
        async with probing(0.3) as probe:
            return await probe.service("127.0.0.1", port), await probe.pod("127.0.0.1", port)

    with ExitStack() as stack:
        server = stack.enter_context(hostile(behaviour))
        found, _ = asyncio.run(scene(int(server.address.rpartition(":")[2])))
    assert found.version is None
    assert found.message.endswith(words) or words in found.message
