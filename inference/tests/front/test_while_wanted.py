"""Work is done for as long as somebody waits for it."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.front.waiting import while_wanted
from starlette.requests import ClientDisconnect, Request


class Client:
    """One that stays until it hangs up."""

    def __init__(self) -> None:
        self.gone = asyncio.Event()
        self.request = Request({"type": "http"}, self._receive)

    async def _receive(self) -> dict[str, Any]:
        await self.gone.wait()
        return {"type": "http.disconnect"}


class Work:
    """Does what it is told, and notes whether it was ended."""

    def __init__(self) -> None:
        self.begun = asyncio.Event()
        self.go_on = asyncio.Event()
        self.cancelled = False

    async def run(self, end: Callable[[], str] = lambda: "done") -> str:
        self.begun.set()
        try:
            await self.go_on.wait()
        except asyncio.CancelledError:
            self.cancelled = True
            raise
        return end()


def play(story: Callable[[Client, Work], Awaitable[None]]) -> None:
    async def whole() -> None:
        async with asyncio.timeout(60):
            await story(Client(), Work())
        # Nothing is left behind.
        await asyncio.sleep(0)
        assert asyncio.all_tasks() == {asyncio.current_task()}

    asyncio.run(whole())


def test_the_answer_is_the_works() -> None:
    async def story(client: Client, work: Work) -> None:
        work.go_on.set()
        assert await while_wanted(client.request, 60, work.run()) == "done"

    play(story)


def test_a_failure_is_the_works() -> None:
    def fail() -> str:
        raise ValueError("broken")

    async def story(client: Client, work: Work) -> None:
        work.go_on.set()
        with pytest.raises(ValueError, match="broken"):
            await while_wanted(client.request, 60, work.run(fail))

    play(story)


def test_work_is_ended_at_its_deadline() -> None:
    async def story(client: Client, work: Work) -> None:
        with pytest.raises(RefusedError) as refused:
            await while_wanted(client.request, 0.01, work.run())
        assert refused.value.code is Code.DEADLINE_EXCEEDED
        await asyncio.sleep(0)
        assert work.cancelled

    play(story)


def test_work_is_ended_when_its_client_has_gone() -> None:
    async def story(client: Client, work: Work) -> None:
        waiting = asyncio.ensure_future(while_wanted(client.request, 60, work.run()))
        await work.begun.wait()
        client.gone.set()
        with pytest.raises(ClientDisconnect):
            await waiting
        await asyncio.sleep(0)
        assert work.cancelled

    play(story)


def test_work_is_ended_with_the_service() -> None:
    async def story(client: Client, work: Work) -> None:
        waiting = asyncio.ensure_future(while_wanted(client.request, 60, work.run()))
        await work.begun.wait()
        waiting.cancel()
        with pytest.raises(asyncio.CancelledError):
            await waiting
        await asyncio.sleep(0)
        assert work.cancelled

    play(story)
