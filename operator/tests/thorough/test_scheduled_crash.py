"""Killed before or after any write of a scheduled run, the operator starts it once."""

from __future__ import annotations

from datetime import datetime
from pathlib import Path

import pytest
from small_world import World, played


@pytest.mark.parametrize("after_effect", [True, False], ids=["after it", "before it"])
@pytest.mark.parametrize("write", range(1, 12))
def test_killed_at_any_write(tmp_path: Path, write: int, after_effect: bool) -> None:
    async def scene() -> None:
        world = World(tmp_path)
        world.apply(triggers={"schedule": "0 * * * *"})
        await world.settle()
        world.time = datetime.fromisoformat("2026-01-01T01:00:00Z")
        world.again(write, after_effect)
        await world.settle()
        started = [
            item["trigger"]
            for item in reversed(world.status["history"])
            if item["decision"] == "TrainingStarted"
        ]
        assert started == ["Created", "Schedule"]
        assert sorted(world.mlflow.versions) == [1, 2]
        assert len(world.status["triggers"]["startedAt"]) == 1

    played(scene)
