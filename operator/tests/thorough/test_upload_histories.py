"""Whatever happens in whatever order: no upload and no address is forgotten, and none starts two
runs.
"""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from dandelion_operator.api import naming
from hypothesis import given
from hypothesis import strategies as st
from small_world import ADDRESSES, World
from small_world.stage import Event, Stage, histories

ENOUGH, QUIET, LONGEST = 5, timedelta(minutes=5), timedelta(hours=6)
TRIGGERS = {
    "newImages": ENOUGH,
    "quietSeconds": int(QUIET.total_seconds()),
    "maxWaitSeconds": int(LONGEST.total_seconds()),
}

happenings = histories(
    st.tuples(st.just("uploads"), st.sampled_from([1, 2, 4, 5, 30])),
    st.tuples(st.just("uploads that the run under way does not list"), st.sampled_from([1, 5])),
    st.tuples(st.just("an upload is written anew"), st.just(None)),
    st.tuples(st.just("an upload is taken away"), st.just(None)),
    st.tuples(st.just("addresses are added"), st.sampled_from([1, 4, 5])),
    st.tuples(st.just("an address is taken out"), st.just(None)),
    st.tuples(st.just("minutes pass"), st.sampled_from([1, 4, 6, 60, 400])),
    st.tuples(st.just("minutes pass unseen"), st.sampled_from([4, 6, 400])),
)


@dataclass
class Uploads(Stage):
    """Looks at what every run begins with."""

    begun_with: list[dict[str, str]] = field(default_factory=list)
    addresses: dict[str, str] = field(default_factory=dict)  # by line, when it was added
    enough_since: datetime | None = None  # by looks, in which the operator sees how many there are

    def sections(self) -> dict[str, Any]:
        return {"dataset": ADDRESSES, "triggers": TRIGGERS}

    async def play(self, happened: Sequence[Event]) -> None:
        await super().play(happened)
        self.upload(1)  # a run that failed stays so for the images that it began with
        for _ in range(2):
            self.world.time += timedelta(days=1)
            await self.looks(25)

    async def own(self, what: str, value: Any) -> None:
        world = self.world
        match what, value:
            case "uploads", int(count):
                self.upload(count)
            case "uploads that the run under way does not list", int(count):
                world.tick()
                self.upload(count)
                await self.look()
            case "an upload is written anew", _:
                for name in sorted(world.storage.uploads)[:1]:
                    del world.storage.uploads[name]
                    self.upload(1)
            case "an upload is taken away", _:
                for name in sorted(world.storage.uploads)[:1]:
                    del world.storage.uploads[name]
            case "addresses are added", int(count):
                self.counted += 1
                lines = (f"http://a.example/{self.counted}/{number}" for number in range(count))
                self.addresses |= dict.fromkeys(lines, world.now_text())
                world.write_table(*self.addresses)
            case "an address is taken out", _:
                for line in sorted(self.addresses)[:1]:
                    del self.addresses[line]
                    world.write_table(*self.addresses)
            case "minutes pass", int(minutes):
                for _ in range(4):
                    world.time += timedelta(minutes=minutes / 4)
                    await self.look()
            case "minutes pass unseen", int(minutes):
                world.time += timedelta(minutes=minutes)
            case _:
                raise AssertionError(what)

    def upload(self, count: int) -> None:
        self.counted += 1
        self.world.storage.upload(*(f"{self.counted}/{number}" for number in range(count)))

    @property
    def images(self) -> dict[str, str]:
        """The uploads and the addresses, and when they came."""
        return self.world.storage.uploads | self.addresses

    @property
    def not_learnt(self) -> dict[str, str]:
        """Those that are in no dataset version yet."""
        storage, newest = self.world.storage, max(self.world.mlflow.versions, default=None)
        if newest is None:
            return self.images
        tags = self.world.mlflow.versions[newest]["tags"]
        listed = storage.listed[tags["dandelion.dev/dataset-digest"]]
        return {name: when for name, when in self.images.items() if name not in listed}

    def looked(self, whole: bool) -> None:
        if len(self.not_learnt) < ENOUGH:
            self.enough_since = None
        elif self.enough_since is None:
            self.enough_since = self.world.time

    def begins(self, run: str, annotations: dict[str, str]) -> None:
        if annotations[naming.TRIGGER_ANNOTATION] == "NewImages":
            self.is_time()
        self.begun_with.append(self.images)

    def is_time(self) -> None:
        """For a run that new images start."""
        came = sorted(map(datetime.fromisoformat, self.not_learnt.values()))
        assert len(came) >= ENOUGH, came
        since = min(came[ENOUGH - 1], self.enough_since or came[ENOUGH - 1])
        quiet, waited = self.world.time - came[-1], self.world.time - since
        assert quiet >= QUIET or waited >= LONGEST, (quiet, waited)
        assert self.begun_with[-1:] != [self.images], "the last run began with them"


@given(happenings)
def test_no_upload_is_forgotten_and_none_starts_two_runs(happened: list[Event]) -> None:
    async def scene() -> None:
        with tempfile.TemporaryDirectory() as folder:
            world = World(Path(folder))
            history = Uploads(world)
            await history.play(happened)
            assert world.condition("Trained") == ("True", "TrainingComplete")
            assert len(history.not_learnt) < ENOUGH
            assert world.status["triggers"]["newImages"] == len(history.not_learnt)
            world.time += timedelta(days=30)
            await history.stays_at_rest()

    asyncio.run(scene())
