"""An endpoint that answers slower than a reconcile waits holds nothing up for good."""

from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from dandelion_operator.ports.lookups import PATIENCE_WITH_SLOW, Lookups
from small_world import FakeStorage, World, played

ANSWER_SECONDS = 2 * PATIENCE_WITH_SLOW


class SlowStorage(FakeStorage):
    async def contract(self, *args: Any, **kwargs: Any) -> Any:
        await asyncio.sleep(ANSWER_SECONDS)
        return await super().contract(*args, **kwargs)

    async def dataset(self, *args: Any, **kwargs: Any) -> Any:
        await asyncio.sleep(ANSWER_SECONDS)
        return await super().dataset(*args, **kwargs)


def test_a_version_is_judged_and_served_all_the_same(tmp_path: Path) -> None:
    async def scene() -> None:
        world = World(tmp_path)
        world.storage = SlowStorage()
        world.restart(lookups=Lookups(patience=0))
        world.apply()
        for _ in range(30):
            await world.reconcile()
            world.tick()
            await asyncio.sleep(1.5 * ANSWER_SECONDS)  # the resource is woken when it is there
        assert world.condition("Ready") == ("True", "Serving")
        assert world.decisions() == [
            ("TrainingStarted", None),
            ("TrainingSucceeded", "1"),
            ("Promoted", "1"),
        ]

    played(scene)
