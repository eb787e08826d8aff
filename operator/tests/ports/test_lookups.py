"""Reads that take long do not hold the reconciles that want to know."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.loop.decide.accept import accept
from dandelion_operator.loop.report.conditions.accepted import accepted
from dandelion_operator.loop.workqueue import WORKERS, Queue, Requeue
from dandelion_operator.ports.lookups import Lookups, Pending
from fakes.cluster import KEY
from small_world import World, played

FOREVER = 3600.0


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


class Endpoint:
    """Answers when it is let."""

    def __init__(self) -> None:
        self.may_answer = asyncio.Event()
        self.asked = 0

    async def read(self) -> str:
        self.asked += 1
        await self.may_answer.wait()
        return f"answer {self.asked}"


async def until(seen: Callable[[], object]) -> None:
    async with asyncio.timeout(60):
        while not seen():  # noqa: ASYNC110 - what is waited for sets no event
            await asyncio.sleep(0.001)


def played_with(scene: Callable[[Endpoint, Lookups, list[str]], Coroutine[Any, Any, None]]) -> None:
    async def run() -> None:
        woken: list[str] = []
        lookups = Lookups(lambda key: woken.append(key.name), patience=0)
        await scene(Endpoint(), lookups, woken)

    asyncio.run(run())


def test_a_quick_read_is_waited_for() -> None:
    async def scene() -> object:
        endpoint = Endpoint()
        endpoint.may_answer.set()
        return await Lookups(patience=FOREVER).get(KEY, "dataset", 1, endpoint.read)

    assert asyncio.run(scene()) == "answer 1"


def test_a_slow_read_goes_on_by_itself_and_wakes_its_resource_once() -> None:
    async def scene(endpoint: Endpoint, lookups: Lookups, woken: list[str]) -> None:
        for _ in range(3):
            assert await lookups.get(KEY, "dataset", 1, endpoint.read) is Pending.PENDING
        assert woken == []
        endpoint.may_answer.set()
        await until(lambda: woken)
        assert woken == [KEY.name]
        assert await lookups.get(KEY, "dataset", 1, endpoint.read) == "answer 1"
        assert endpoint.asked == 1

    played_with(scene)


def test_what_is_taken_is_held_for_one_pass() -> None:
    async def scene(endpoint: Endpoint, lookups: Lookups, woken: list[str]) -> None:
        endpoint.may_answer.set()
        with lookups.held(KEY):
            said = [await lookups.get(KEY, "dataset", 1, endpoint.read) for _ in range(2)]
            other = await lookups.get(KEY, "dataset", 2, endpoint.read)
        after = await lookups.get(KEY, "dataset", 2, endpoint.read)
        assert said == ["answer 1", "answer 1"]
        assert (other, after) == ("answer 2", "answer 3")

    played_with(scene)


def test_what_is_taken_is_asked_anew_next_time() -> None:
    async def scene(endpoint: Endpoint, lookups: Lookups, woken: list[str]) -> None:
        endpoint.may_answer.set()
        said = [await lookups.get(KEY, "dataset", 1, endpoint.read) for _ in range(2)]
        assert said == ["answer 1", "answer 2"]

    played_with(scene)


def test_a_change_of_the_question_asks_anew() -> None:
    async def scene(endpoint: Endpoint, lookups: Lookups, woken: list[str]) -> None:
        await lookups.get(KEY, "dataset", "old bucket", endpoint.read)
        await lookups.get(KEY, "dataset", "new bucket", endpoint.read)
        assert endpoint.asked == 2
        endpoint.may_answer.set()
        await until(lambda: woken)
        assert woken == [KEY.name], "the old answer is of no use"

    played_with(scene)


@pytest.mark.parametrize(
    ("about", "known"),
    [
        pytest.param(1, "answer 1", id="the same question"),
        pytest.param(2, Pending.PENDING, id="another question"),
    ],
)
def test_the_former_answer_stands_while_the_next_is_read(about: int, known: object) -> None:
    async def scene(endpoint: Endpoint, lookups: Lookups, woken: list[str]) -> None:
        endpoint.may_answer.set()
        await lookups.get(KEY, "dataset", 1, endpoint.read, or_last=True)
        endpoint.may_answer.clear()
        assert await lookups.get(KEY, "dataset", about, endpoint.read, or_last=True) == known
        lookups.forget(KEY)
        found = await lookups.get(KEY, "dataset", about, endpoint.read, or_last=True)
        assert found is Pending.PENDING

    played_with(scene)


def test_who_was_slow_is_not_waited_for_until_it_is_quick_again() -> None:
    async def scene() -> None:
        clock = Clock()
        lookups, endpoint = Lookups(patience=1, monotonic=clock), Endpoint()
        place = (KEY, "dataset")
        lookups._slow.add(place)
        assert await lookups.get(*place, 1, endpoint.read) is Pending.PENDING
        endpoint.may_answer.set()
        await until(lambda: place not in lookups._slow)

    asyncio.run(scene())


def test_a_read_that_fails_says_so_to_who_asked() -> None:
    async def fails() -> str:
        raise RuntimeError("never thought of")

    async def scene() -> None:
        with pytest.raises(RuntimeError):
            await Lookups(patience=FOREVER).get(KEY, "dataset", 1, fails)

    asyncio.run(scene())


def test_endpoints_that_never_answer_hold_no_worker() -> None:
    """As many as there are workers, and then one that is well."""

    async def scene() -> None:
        queue, endpoint, well = Queue(), Endpoint(), NamespacedName("default", "well")
        lookups = Lookups(queue.enqueue, patience=0)

        async def reconcile(key: NamespacedName) -> Requeue:
            if key == well:
                queue.stop()
            else:
                await lookups.get(key, "dataset", 1, endpoint.read)
            return Requeue(FOREVER)

        for number in range(WORKERS):
            queue.enqueue(NamespacedName("default", f"slow-{number}"))
        queue.enqueue(well)
        await queue.run(reconcile, lambda: True)

    asyncio.run(scene())


LISTING = Failure(Reason.DATASET_LISTING, "s3://datasets/lawn is being listed")


def test_a_dataset_that_is_being_listed_is_neither_accepted_nor_refused() -> None:
    found = accept(given.resource(), given.seen(dataset=LISTING), given.place())
    assert not found.accepted
    assert accepted(found, None) == ("Unknown", LISTING.reason, LISTING.message)


def test_training_waits_for_the_listing_and_serving_goes_on(world: World) -> None:
    async def scene() -> None:
        world.apply()
        await world.settle()
        world.storage.obstacle = LISTING
        world.apply(training={"epochs": 20})
        await world.settle()
        assert world.condition("Accepted") == ("Unknown", "DatasetListing")
        assert world.condition("Trained") == ("Unknown", "NotStarted")
        assert world.condition("Ready") == ("True", "Serving")
        world.storage.obstacle = None
        await world.settle()
        assert world.condition("Trained") == ("True", "TrainingComplete")

    played(scene)
