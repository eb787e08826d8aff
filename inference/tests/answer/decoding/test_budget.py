"""Who waits for whom, where bytes are shared out."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import pytest
from dandelion_inference.answer.decoding.budget import Budget, NeverFitsError

SIZE, PLACES = 100, 3

# What is asked for, one after another, while nobody gives anything back; who gets it at once.
AT_ONCE: dict[str, tuple[list[int], list[int]]] = {
    "nothing else is held": ([100], [0]),
    "what fits runs beside others": ([60, 40], [0, 1]),
    "one byte too many waits": ([60, 41], [0]),
    "no more than there are places": ([10, 10, 10, 10], [0, 1, 2]),
    "who comes later overtakes nobody": ([60, 60, 10], [0]),
    "nothing takes a place too": ([0, 0, 0, 0], [0, 1, 2]),
}


class People:
    """They ask in their order, and each gives back when told to."""

    def __init__(self, budget: Budget) -> None:
        self._budget = budget
        self._tasks: list[asyncio.Task[None]] = []
        self._done: list[asyncio.Event] = []
        self.holding: list[int] = []
        self.told_never: list[int] = []

    async def ask(self, *sizes: int) -> None:
        for size in sizes:
            done = asyncio.Event()
            self._done.append(done)
            self._tasks.append(asyncio.ensure_future(self._hold(len(self._tasks), size, done)))
        await settled()

    async def _hold(self, number: int, size: int, done: asyncio.Event) -> None:
        try:
            async with self._budget.hold(size):
                self.holding.append(number)
                await done.wait()
                self.holding.remove(number)
        except NeverFitsError:
            self.told_never.append(number)

    async def give_back(self, *numbers: int) -> None:
        for number in numbers:
            self._done[number].set()
        await settled()

    async def leave(self, number: int) -> None:
        self._tasks[number].cancel()
        await settled()

    async def end(self) -> None:
        for event in self._done:
            event.set()
        await asyncio.gather(*self._tasks, return_exceptions=True)


async def settled() -> None:
    for _ in range(10):
        await asyncio.sleep(0)


def play(story: Callable[[People, Budget], Awaitable[None]]) -> Budget:
    async def whole() -> Budget:
        budget = Budget(SIZE, PLACES)
        people = People(budget)
        await story(people, budget)
        await people.end()
        return budget

    budget = asyncio.run(whole())
    assert (budget.held, budget.waiting) == (0, 0)
    return budget


@pytest.mark.parametrize("case", AT_ONCE)
def test_who_gets_it_at_once(case: str) -> None:
    asked, expected = AT_ONCE[case]

    async def story(people: People, budget: Budget) -> None:
        await people.ask(*asked)
        assert people.holding == expected
        assert budget.held == sum(asked[number] for number in expected)
        assert budget.waiting == len(asked) - len(expected)

    play(story)


def test_the_others_follow_in_their_order() -> None:
    async def story(people: People, _budget: Budget) -> None:
        await people.ask(60, 60, 30, 80)
        await people.give_back(0)
        assert people.holding == [1, 2]
        await people.give_back(2)
        assert people.holding == [1]
        await people.give_back(1)
        assert people.holding == [3]

    play(story)


def test_what_never_fits_is_told_at_once() -> None:
    async def story(people: People, _budget: Budget) -> None:
        await people.ask(100, 101)
        assert people.told_never == [1]
        assert people.holding == [0]

    play(story)


def test_who_leaves_the_queue_lets_the_next_go_on() -> None:
    async def story(people: People, _budget: Budget) -> None:
        await people.ask(60, 60, 10)
        await people.leave(1)
        assert people.holding == [0, 2]

    play(story)


def test_who_leaves_in_the_moment_of_its_turn_holds_nothing() -> None:
    async def story(people: People, budget: Budget) -> None:
        async with budget.hold(100):
            await people.ask(100, 100)
        # Its turn has come, and it does not know yet.
        await people.leave(0)
        assert people.holding == [1]

    play(story)


def test_who_leaves_while_it_holds_gives_back() -> None:
    async def story(people: People, budget: Budget) -> None:
        await people.ask(100)
        await people.leave(0)
        assert budget.held == 0

    play(story)
