"""The work queue, with a clock that is turned by hand where time matters."""

from __future__ import annotations

import asyncio

import pytest
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.loop.wake import BURST, SLOW_SPACING, SPACING, Again, Queue
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


def look(queue: Queue, key: NamespacedName, again: Again | Exception | None) -> None:
    async def outcome(_: NamespacedName) -> Again | None:
        if isinstance(again, Exception):
            raise again
        return again

    asyncio.run(queue._look(key, queue._take(key), outcome))


def test_many_wake_ups_are_one(queue: Queue, clock: Clock) -> None:
    for _ in range(100):
        queue.wake(LAWN)
    assert due(queue) == (LAWN, clock.now)
    look(queue, LAWN, Again(60))
    assert due(queue) == (LAWN, clock.now + 60)


def test_the_earlier_wake_up_wins(queue: Queue, clock: Clock) -> None:
    queue.wake(LAWN, after=60)
    queue.wake(LAWN, after=5)
    queue.wake(LAWN, after=30)
    assert due(queue) == (LAWN, clock.now + 5)


def test_nobody_is_looked_at_twice_at_a_time(queue: Queue) -> None:
    queue.wake(LAWN)
    queue._take(LAWN)
    queue.wake(LAWN)
    queue.wake(PARK, after=10)
    assert due(queue)[0] == PARK


def test_a_wake_up_during_a_look_leads_to_another_look(queue: Queue, clock: Clock) -> None:
    queue.wake(LAWN)

    async def interrupted(key: NamespacedName) -> Again:
        queue.wake(key)
        return Again(60)

    asyncio.run(queue._look(LAWN, queue._take(LAWN), interrupted))
    assert due(queue) == (LAWN, clock.now + SPACING)


def test_trouble_is_tried_again_later_and_later_until_it_is_over(
    queue: Queue, clock: Clock
) -> None:
    waits = []
    queue.wake(LAWN)
    for _ in range(9):
        look(queue, LAWN, RuntimeError("boom"))
        waits.append(due(queue)[1] - clock.now)
        clock.now += 1000
    assert waits == [1, 2, 4, 8, 16, 32, 60, 60, 60]
    look(queue, LAWN, Again(3))
    assert due(queue)[1] - clock.now == 3


def test_trouble_that_is_reported_backs_off_as_well(queue: Queue, clock: Clock) -> None:
    queue.wake(LAWN)
    look(queue, LAWN, Again(0, troubled=True))
    look(queue, LAWN, Again(0, troubled=True))
    assert due(queue)[1] - clock.now == 2


def test_a_storm_of_events_is_slowed_down(queue: Queue, clock: Clock) -> None:
    for _ in range(BURST):
        queue.wake(LAWN)
        look(queue, LAWN, Again(60))
    queue.wake(LAWN)
    assert due(queue)[1] - clock.now == SLOW_SPACING


def test_a_resource_that_is_gone_is_forgotten(queue: Queue) -> None:
    queue.wake(LAWN)
    look(queue, LAWN, None)
    assert queue.keys == ()


def test_losing_the_lease_is_no_trouble(queue: Queue, clock: Clock) -> None:
    queue.wake(LAWN)
    look(queue, LAWN, NotLeadingError())
    assert due(queue)[1] - clock.now == SPACING


def test_a_standby_collects_and_looks_once_it_may() -> None:
    async def scene() -> list[NamespacedName]:
        queue, seen, allowed = Queue(), [], False

        async def note(key: NamespacedName) -> Again:
            seen.append(key)
            queue.stop()
            return Again(60)

        task = asyncio.create_task(queue.run(note, lambda: allowed))
        queue.wake(LAWN)
        queue.wake(LAWN)
        await asyncio.sleep(0)
        assert seen == []
        allowed = True
        await task
        return seen

    assert asyncio.run(scene()) == [LAWN]


def test_stopping_waits_for_the_look_that_is_under_way() -> None:
    async def scene() -> list[str]:
        queue, said, begun = Queue(), [], asyncio.Event()

        async def slow(_: NamespacedName) -> Again:
            begun.set()
            await asyncio.sleep(0.01)
            said.append("done")
            return Again(60)

        task = asyncio.create_task(queue.run(slow, lambda: True))
        queue.wake(LAWN)
        await begun.wait()
        queue.stop()
        await task
        said.append("stopped")
        return said

    assert asyncio.run(scene()) == ["done", "stopped"]
