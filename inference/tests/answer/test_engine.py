"""Who works on what, and what happens to work that nobody waits for any more."""

from __future__ import annotations

import asyncio
import gc
import threading
import time
import weakref
from collections.abc import Callable

import pytest
from dandelion_inference.answer.engine import Engine

Alone = Callable[[], bool]


def engine(workers: int) -> Engine:
    return Engine(workers)


def test_answers_come_in_the_order_of_the_works() -> None:
    def work(number: int) -> Callable[[Alone], int]:
        def answer(_alone: Alone) -> int:
            time.sleep(0.02 / (number + 1))
            return number

        return answer

    tested = engine(4)
    assert asyncio.run(tested.run([work(number) for number in range(8)])) == list(range(8))
    tested.close()


def test_one_work_is_alone_and_two_are_not() -> None:
    tested = engine(2)
    both = threading.Barrier(2, timeout=60)

    def with_company(alone: Alone) -> bool:
        both.wait()
        said = alone()
        both.wait()
        return said

    assert asyncio.run(tested.run([lambda alone: alone()])) == [True]
    assert asyncio.run(tested.run([with_company, with_company])) == [False, False]
    assert asyncio.run(tested.run([lambda alone: alone()])) == [True]
    tested.close()


def test_cancelled_work_leaves_the_queue() -> None:
    tested = engine(1)
    done: list[str] = []
    begun, go_on = threading.Event(), threading.Event()

    def first(_alone: Alone) -> None:
        begun.set()
        go_on.wait(60)
        done.append("first")

    async def scenario() -> None:
        running = asyncio.ensure_future(tested.run([first, first]))
        await asyncio.to_thread(begun.wait, 60)
        waiting = asyncio.ensure_future(tested.run([lambda _alone: done.append("second")] * 3))
        await asyncio.sleep(0)
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        go_on.set()
        await running
        await tested.run([lambda _alone: done.append("third")])

    asyncio.run(scenario())
    tested.close()
    assert done == ["first", "first", "third"]


def test_a_lone_image_always_gets_the_same_thread() -> None:
    tested = engine(2)
    seen = threading.Barrier(2, timeout=60)

    def who(_alone: Alone) -> str:
        return threading.current_thread().name

    def who_together(alone: Alone) -> str:
        seen.wait()
        return who(alone)

    alone = asyncio.run(tested.run([who]))
    together = asyncio.run(tested.run([who_together, who_together]))
    assert asyncio.run(tested.run([who])) == alone
    assert len({*alone, *together}) == 3
    tested.close()


def test_a_lone_work_that_its_caller_left_keeps_nobody_waiting() -> None:
    tested = engine(1)
    begun, go_on = threading.Event(), threading.Event()

    def slow(_alone: Alone) -> None:
        begun.set()
        go_on.wait(60)

    async def scenario() -> None:
        left = asyncio.ensure_future(tested.run([slow]))
        await asyncio.to_thread(begun.wait, 60)
        left.cancel()
        with pytest.raises(asyncio.CancelledError):
            await left
        async with asyncio.timeout(30):
            assert await tested.run([lambda _alone: "answered"]) == ["answered"]
        go_on.set()

    asyncio.run(scenario())
    tested.close()


def test_a_failure_ends_what_has_not_begun() -> None:
    tested = engine(1)
    go_on, began = threading.Event(), threading.Event()

    def fails(_alone: Alone) -> None:
        raise ValueError("broken")

    async def scenario() -> None:
        with pytest.raises(ValueError, match="broken"):
            # The second may have begun by the time that the first is known to have failed.
            await tested.run([fails, lambda _alone: go_on.wait(60), lambda _alone: began.set()])
        go_on.set()
        # Waited for in the loop itself: what ends only in its next round has not ended by now.
        assert not began.wait(0.2)
        await tested.run([lambda _alone: None, lambda _alone: None])

    asyncio.run(scenario())
    tested.close()
    assert not began.is_set()


@pytest.mark.parametrize("works", [1, 3])
def test_a_failure_leaves_nothing_to_the_garbage_collector(works: int) -> None:
    """Its traceback holds the picture that could not be decoded."""
    tested = engine(2)

    class BrokenError(Exception):
        pass

    def fails(_alone: Alone) -> None:
        raise BrokenError

    async def scenario() -> weakref.ref[BrokenError]:
        try:
            await tested.run([fails] * works)
        except BrokenError as error:
            return weakref.ref(error)
        raise AssertionError("it did not fail")

    gc.disable()
    try:
        left = asyncio.run(scenario())
        tested.close()
        until = time.monotonic() + 60
        while left() is not None and time.monotonic() < until:
            time.sleep(0.01)  # the worker lets go of it a moment after it has told it
        assert left() is None
    finally:
        gc.enable()


def test_what_is_resumed_does_not_queue_again() -> None:
    tested = engine(1)
    begun, go_on = threading.Event(), threading.Event()

    def slow(_alone: Alone) -> None:
        begun.set()
        go_on.wait(60)

    async def scenario() -> None:
        running = asyncio.ensure_future(tested.run([slow] * 3))
        await asyncio.to_thread(begun.wait, 60)
        async with asyncio.timeout(30):
            assert await tested.resume(lambda alone: alone()) is False
        go_on.set()
        await running
        assert await tested.resume(lambda alone: alone()) is True

    asyncio.run(scenario())
    tested.close()


def test_closing_waits_for_no_work() -> None:
    tested = engine(1)
    begun, go_on = threading.Event(), threading.Event()
    done: list[str] = []

    def hangs(_alone: Alone) -> None:
        begun.set()
        go_on.wait(60)

    async def scenario() -> None:
        hanging = asyncio.ensure_future(tested.run([hangs, lambda _alone: done.append("ran")]))
        await asyncio.to_thread(begun.wait, 60)
        tested.close()
        with pytest.raises(asyncio.CancelledError):
            await hanging
        assert not go_on.is_set()

    asyncio.run(scenario())
    go_on.set()
    assert done == []
