"""Whose turn comes first among many, and how the load of those at rest is spread."""

from __future__ import annotations

import asyncio
import random

import pytest
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.loop.workqueue import (
    AHEAD_SECONDS,
    RESYNC_EVERY,
    SPACING,
    Queue,
    Requeue,
)

MANY = 1000


def named(number: int) -> NamespacedName:
    return NamespacedName("default", f"n{number}")


class Clock:
    now = 100.0

    def __call__(self) -> float:
        return self.now


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def queue(clock: Clock) -> Queue:
    return Queue(clock, jitter=lambda: 1.0)


def taken(queue: Queue, clock: Clock) -> list[int]:
    """The order in which all that is due now would be reconciled."""
    order = []
    while (turn := queue.next_due()) is not None and turn[1] <= clock.now:
        queue._take(turn[0])
        order.append(int(turn[0].name[1:]))
    return order


def finish(queue: Queue, key: NamespacedName, requeue: Requeue) -> None:
    async def outcome(_: NamespacedName) -> Requeue:
        return requeue

    asyncio.run(queue._reconcile(key, queue._take(key), outcome))


def due(queue: Queue) -> tuple[NamespacedName, float]:
    found = queue.next_due()
    assert found is not None
    return found


def test_an_event_is_ahead_of_all_of_the_backlog(queue: Queue, clock: Clock) -> None:
    for number in range(MANY):
        queue.enqueue(named(number), fresh=False)
    clock.now += 1
    queue.enqueue(named(MANY))
    assert taken(queue, clock)[0] == MANY


def test_an_event_moves_a_resource_of_the_backlog_to_the_front(queue: Queue, clock: Clock) -> None:
    for number in range(5):
        queue.enqueue(named(number), fresh=False)
    assert due(queue)[0] == named(0)
    queue.enqueue(named(3))
    assert taken(queue, clock) == [3, 0, 1, 2, 4]


def test_events_do_not_hold_up_the_backlog_for_ever(queue: Queue, clock: Clock) -> None:
    queue.enqueue(named(0), fresh=False)
    clock.now += AHEAD_SECONDS + 1
    queue.enqueue(named(1))
    assert taken(queue, clock) == [0, 1]


def test_of_events_the_first_comes_first(queue: Queue, clock: Clock) -> None:
    for number in (2, 0, 1):
        queue.enqueue(named(number))
        clock.now += 0.1
    assert taken(queue, clock) == [2, 0, 1]


def test_an_event_during_the_resync_pause_is_not_held_up_by_it(queue: Queue, clock: Clock) -> None:
    queue.enqueue(named(0))
    finish(queue, named(0), Requeue(600))
    queue.enqueue(named(0))
    assert due(queue) == (named(0), clock.now + SPACING)


def test_work_under_way_is_ahead_of_the_backlog(queue: Queue, clock: Clock) -> None:
    queue.enqueue(named(0))
    finish(queue, named(0), Requeue(3))
    clock.now += 3
    queue.enqueue(named(1), fresh=False)
    assert taken(queue, clock) == [0, 1]


def test_resyncs_of_many_take_turns(queue: Queue, clock: Clock) -> None:
    for number in range(MANY):
        queue.enqueue(named(number))
    finish(queue, named(0), Requeue(60))
    moments = [queue._entries[named(0)].moment]
    assert moments == [clock.now + RESYNC_EVERY * MANY]


def test_what_comes_due_waits_for_no_resync_of_many(queue: Queue, clock: Clock) -> None:
    for number in range(MANY):
        queue.enqueue(named(number))
    finish(queue, named(0), Requeue(45, latest=45))
    finish(queue, named(1), Requeue(60, latest=3600))
    moments = [queue._entries[named(number)].moment for number in (0, 1)]
    assert moments == [clock.now + 45, clock.now + min(3600, RESYNC_EVERY * MANY)]


def test_what_is_due_and_cannot_be_done_is_tried_less_and_less_often(
    queue: Queue, clock: Clock
) -> None:
    for failures in range(1, 8):
        queue.enqueue(named(0))
        finish(queue, named(0), Requeue(3, backoff=True, latest=1))
        pause = queue._entries[named(0)].moment - clock.now
        assert pause == pytest.approx(min(2.0 ** (failures - 1), 60))


def test_after_a_restart_resyncs_are_spread_over_all_of_the_pause(clock: Clock) -> None:
    queue = Queue(clock, jitter=random.Random(1).random)
    for number in range(MANY):
        queue.enqueue(named(number), fresh=False)
    for number in range(MANY):
        finish(queue, named(number), Requeue(60))
    whole = RESYNC_EVERY * MANY
    tenths = [0] * 10
    for entry in queue._entries.values():
        tenths[int(10 * (entry.moment - clock.now) / whole)] += 1
    assert sum(tenths) == MANY
    assert min(tenths) > MANY / 20


def test_one_resource_alone_is_resynced_as_often_as_was_asked_for(
    queue: Queue, clock: Clock
) -> None:
    queue.enqueue(named(0))
    finish(queue, named(0), Requeue(60))
    assert due(queue) == (named(0), clock.now + 60)


def test_what_began_together_drifts_apart(clock: Clock) -> None:
    queue = Queue(clock, jitter=random.Random(1).random)
    for number in range(100):
        queue.enqueue(named(number), fresh=False)
        finish(queue, named(number), Requeue(10))
    pauses = [entry.moment - clock.now for entry in queue._entries.values()]
    assert len(set(pauses)) == 100
    assert 7.5 <= min(pauses) < max(pauses) <= 10


def test_asking_again_and_again_leaves_nothing_behind(queue: Queue, clock: Clock) -> None:
    for number in range(10):
        queue.enqueue(named(number), after=1e6)
    for sooner in range(5000):
        queue.enqueue(named(sooner % 10), after=1e6 - sooner)
    assert len(queue._waiting) < 200
    clock.now += 1e6
    assert sorted(taken(queue, clock)) == list(range(10))


def test_as_many_work_at_a_time_as_there_are_workers() -> None:
    async def scene() -> int:
        queue, most, now, done = Queue(workers=3), 0, 0, 0

        async def work(_: NamespacedName) -> Requeue:
            nonlocal most, now, done
            now += 1
            most = max(most, now)
            await asyncio.sleep(0)
            now -= 1
            done += 1
            if done == 20:
                queue.stop()
            return Requeue(600)

        for number in range(20):
            queue.enqueue(named(number))
        await queue.run(work, lambda: True)
        return most

    assert asyncio.run(scene()) == 3


def test_an_event_is_taken_by_the_next_free_worker(clock: Clock) -> None:
    async def scene() -> list[int]:
        queue, order = Queue(clock, workers=1), []
        begun, go_on = asyncio.Event(), asyncio.Event()

        async def work(key: NamespacedName) -> Requeue:
            order.append(int(key.name[1:]))
            begun.set()
            await go_on.wait()
            if len(order) == 3:
                queue.stop()
            return Requeue(600)

        for number in range(2):
            queue.enqueue(named(number), fresh=False)
        running = asyncio.create_task(queue.run(work, lambda: True))
        await begun.wait()
        queue.enqueue(named(7))
        go_on.set()
        await running
        return order

    assert asyncio.run(scene()) == [0, 7, 1]
