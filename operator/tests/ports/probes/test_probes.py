"""Services and pods are asked beside the reconciles, which their answers wake."""

from __future__ import annotations

import asyncio
from typing import cast

from dandelion_operator.api.resource import NamespacedName
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
from given.probing import READY, Asking, Pods, answered, scene

SILENCE = Answer(None, "a request through the Service fails: no answer")


@scene
async def test_the_first_answer_wakes_its_resource(asking: Asking) -> None:
    assert await asking.service() == ASKING
    assert asking.woken == [KEY.name]
    assert await asking.service() == Answer(1)


@scene
async def test_the_same_answer_wakes_nobody_and_another_one_does(asking: Asking) -> None:
    await asking.service()
    for _ in range(3):
        asking.now += PAUSE
        await asking.service()
    assert len(asking.pods.asked) == 4
    assert len(asking.woken) == 1
    asking.pods.answer = SILENCE
    asking.now += PAUSE
    await asking.service()
    assert len(asking.woken) == 2
    assert await asking.service() == SILENCE


@scene
async def test_an_answer_of_long_ago_proves_nothing(asking: Asking) -> None:
    await asking.service()
    asking.now += RECENT + 1
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
        asking.now += 1
    asking.pods.may_answer.set()
    await answered()
    await asking.service()
    assert len(asking.pods.asked) == 1


@scene
async def test_who_does_not_answer_is_asked_less_often(asking: Asking) -> None:
    asking.pods.answer = SILENCE
    for _ in range(200):
        asking.now += PAUSE
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
        asking.now += LONGEST_PAUSE
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
