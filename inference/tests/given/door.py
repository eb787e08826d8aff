"""Somebody who knocks with a token, at an hour that the test says."""

from __future__ import annotations

import asyncio

from dandelion_inference.errors import RefusedError
from dandelion_inference.intake.auth import PATIENCE, Authorizer
from dandelion_inference.intake.reviews import Place, Reviewer

LAWN = Place("default", "lawn")


class Clock:
    def __init__(self) -> None:
        self.now = 1000.0

    def __call__(self) -> float:
        return self.now


class Door:
    """An authorizer with a clock and a reviewer to play with."""

    def __init__(self, reviewer: Reviewer, patience: float = PATIENCE, place: Place = LAWN) -> None:
        self.clock = Clock()
        self.results: list[str] = []
        self._one_more = asyncio.Event()
        self.authorizer = Authorizer(reviewer, place, self._ended, self.clock, patience)

    def _ended(self, result: str) -> None:
        self.results.append(result)
        self._one_more.set()

    async def knock(self, token: str) -> str:
        """What becomes of a request with this token; empty: with none."""
        sent = [f"Bearer {token}"] if token else []
        try:
            await self.authorizer.authorize(sent, "predict")
        except RefusedError as refusal:
            return refusal.code.value
        return "in"

    async def reviewed(self, times: int) -> None:
        """Comes back when so many reviews have ended, in the background too."""
        async with asyncio.timeout(60):
            while len(self.results) < times:
                self._one_more.clear()
                await self._one_more.wait()
