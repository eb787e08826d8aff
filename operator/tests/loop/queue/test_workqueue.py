"""The work queue, with a clock that is turned by hand where time matters."""

from __future__ import annotations

import asyncio

import pytest
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.loop.workqueue import BURST, SLOW_SPACING, SPACING, Queue, Requeue
from dandelion_operator.ports.fence import NotLeadingError

LAWN, PARK = NamespacedName("default", "lawn"), NamespacedName("default", "park")


class Clock:
    def __init__(self) -> None:
        self.now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> Queue:
    return Queue(clock, jitter=lambda: 1.0)


def due(queue: Queue) -> tuple[NamespacedName, float]:
    found = queue.next_due()
    assert found is not None
    return found


def reconcile(queue: Queue, key: NamespacedName, requeue: Requeue | Exception | None) -> None:
    async def outcome(_: NamespacedName) -> Requeue | None:
        if isinstance(requeue, Exception):
            raise requeue
        return requeue

    asyncio.run(queue._reconcile(key, queue._take(key), outcome))


def test_a_resource_enqueued_many_times_is_reconciled_once(queue: Queue, clock: Clock) -> None:
    for _ in range(100):
        queue.enqueue(LAWN)
    assert due(queue) == (LAWN, clock.now)
    reconcile(queue, LAWN, Requeue(60))
    assert due(queue) == (LAWN, clock.now + 60)


def test_the_earlier_of_two_moments_wins(queue: Queue, clock: Clock) -> None:
    queue.enqueue(LAWN, after=60)
    queue.enqueue(LAWN, after=5)
    queue.enqueue(LAWN, after=30)
    assert due(queue) == (LAWN, clock.now + 5)


def test_no_resource_is_reconciled_twice_at_a_time(queue: Queue) -> None:
    queue.enqueue(LAWN)
    queue._take(LAWN)
    queue.enqueue(LAWN)
    queue.enqueue(PARK, after=10)
    assert due(queue)[0] == PARK


def test_what_is_enqueued_during_its_reconcile_is_reconciled_once_more(
    queue: Queue, clock: Clock
) -> None:
    queue.enqueue(LAWN)

    async def interrupted(key: NamespacedName) -> Requeue:
        queue.enqueue(key)
        return Requeue(60)

    asyncio.run(queue._reconcile(LAWN, queue._take(LAWN), interrupted))
    assert due(queue) == (LAWN, clock.now + SPACING)


def test_a_failing_reconcile_backs_off_until_it_succeeds(queue: Queue, clock: Clock) -> None:
    waits = []
    queue.enqueue(LAWN)
    for _ in range(9):
        reconcile(queue, LAWN, RuntimeError("boom"))
        waits.append(due(queue)[1] - clock.now)
        clock.now += 1000
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    reconcile(queue, LAWN, Requeue(3))
    assert due(queue)[1] - clock.now == 3


def test_a_night_of_failures_ends_nothing(queue: Queue, clock: Clock) -> None:
    queue.enqueue(LAWN)
    queue._entries[LAWN].failures = 2000
    reconcile(queue, LAWN, RuntimeError("boom"))
    assert due(queue)[1] - clock.now == 60


def test_a_reconcile_that_asks_for_backoff_gets_it(queue: Queue, clock: Clock) -> None:
    queue.enqueue(LAWN)
    reconcile(queue, LAWN, Requeue(0, backoff=True))
    reconcile(queue, LAWN, Requeue(0, backoff=True))
    assert due(queue)[1] - clock.now == 2


def test_a_storm_of_events_is_slowed_down(queue: Queue, clock: Clock) -> None:
    for _ in range(BURST):
        queue.enqueue(LAWN)
        reconcile(queue, LAWN, Requeue(60))
    queue.enqueue(LAWN)
    assert due(queue)[1] - clock.now == SLOW_SPACING


def test_a_resource_that_is_gone_is_forgotten(queue: Queue) -> None:
    queue.enqueue(LAWN)
    reconcile(queue, LAWN, None)
    assert queue.keys == ()


def test_losing_the_lease_is_no_failure(queue: Queue, clock: Clock) -> None:
    queue.enqueue(LAWN)
    reconcile(queue, LAWN, NotLeadingError())
    assert due(queue)[1] - clock.now == SPACING


def test_a_standby_enqueues_and_reconciles_once_it_leads() -> None:
    async def scene() -> list[NamespacedName]:
        queue, seen, allowed = Queue(), [], False

        async def note(key: NamespacedName) -> Requeue:
            seen.append(key)
            queue.stop()
            return Requeue(60)

        task = asyncio.create_task(queue.run(note, lambda: allowed))
        queue.enqueue(LAWN)
        queue.enqueue(LAWN)
        await asyncio.sleep(0)
        assert seen == []
        allowed = True
        await task
        return seen

    assert asyncio.run(scene()) == [LAWN]


def test_stopping_waits_for_the_reconcile_that_is_under_way() -> None:
    async def scene() -> list[str]:
        queue, said, begun = Queue(), [], asyncio.Event()

        async def slow(_: NamespacedName) -> Requeue:
            begun.set()
            await asyncio.sleep(0.01)
            said.append("done")
            return Requeue(60)

        task = asyncio.create_task(queue.run(slow, lambda: True))
        queue.enqueue(LAWN)
        await begun.wait()
        queue.stop()
        await task
        said.append("stopped")
        return said

    assert asyncio.run(scene()) == ["done", "stopped"]
