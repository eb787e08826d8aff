"""Whatever happens in whatever order: no upload is forgotten, and none starts two runs."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.api.reasons import Failure, Reason
from hypothesis import given
from hypothesis import strategies as st
from small_world import World

ENOUGH, QUIET, LONGEST = 5, timedelta(minutes=5), timedelta(hours=6)
TRIGGERS = {
    "newImages": ENOUGH,
    "quietSeconds": int(QUIET.total_seconds()),
    "maxWaitSeconds": int(LONGEST.total_seconds()),
}
AWAY = Failure(Reason.STORAGE_UNREACHABLE, "s3 cannot be reached: refused")

Event = tuple[str, object]

events = st.one_of(
    st.tuples(st.just("uploads"), st.sampled_from([1, 2, 4, 5, 30])),
    st.tuples(st.just("uploads that the run under way does not list"), st.sampled_from([1, 5])),
    st.tuples(st.just("an upload is written anew"), st.just(None)),
    st.tuples(st.just("an upload is taken away"), st.just(None)),
    st.tuples(st.just("minutes pass"), st.sampled_from([1, 4, 6, 60, 400])),
    st.tuples(st.just("minutes pass unseen"), st.sampled_from([4, 6, 400])),
    st.tuples(st.just("some looks"), st.integers(1, 4)),
    st.tuples(st.just("epochs"), st.sampled_from([10, 20])),
    st.tuples(st.just("suspend"), st.booleans()),
    st.tuples(st.just("retrain"), st.just(None)),
    st.tuples(st.just("runs hang"), st.booleans()),
    st.tuples(st.just("training fails"), st.sampled_from([None, "OutOfMemory", "Interrupted"])),
    st.tuples(st.just("storage is away"), st.booleans()),
    st.tuples(st.just("the operator is killed"), st.tuples(st.integers(1, 6), st.booleans())),
    st.tuples(st.just("another operator process"), st.just(None)),
)


@dataclass
class History:
    """Plays events against a small world, and looks at every run that begins."""

    world: World
    epochs: int = 10
    suspend: bool = False
    hang: bool = False
    counted: int = 0
    known: set[str] = field(default_factory=set)
    begun_with: list[dict[str, str]] = field(default_factory=list)

    async def play(self, happened: Sequence[Event]) -> None:
        self.apply()
        for what, value in happened:
            await self.one(what, value)
        self.world.train_fails, self.world.storage.obstacle = None, None
        self.suspend, self.hang, self.world.standing = False, False, set()
        self.apply()
        self.upload(1)  # a run that failed stays so for the images that it began with
        for _ in range(2):
            self.world.time += timedelta(days=1)
            for _ in range(25):
                await self.look()

    async def one(self, what: str, value: Any) -> None:
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
            case "minutes pass", int(minutes):
                for _ in range(4):
                    world.time += timedelta(minutes=minutes / 4)
                    await self.look()
            case "minutes pass unseen", int(minutes):
                world.time += timedelta(minutes=minutes)
            case "some looks", int(looks):
                for _ in range(looks):
                    await self.look()
            case "epochs", int(epochs):
                self.epochs = epochs
                self.apply()
            case "suspend", bool(suspend):
                self.suspend = suspend
                self.apply()
            case "retrain", _:
                self.counted += 1
                world.annotate(f"{self.counted}")
            case "runs hang", bool(hang):
                self.hang = hang
                world.standing = set()
            case "training fails", reason:
                world.train_fails = (reason, "words") if reason else None
            case "storage is away", away:
                world.storage.obstacle = AWAY if away else None
            case "the operator is killed", (int(write), bool(after_effect)):
                world.again(write, after_effect)
                await self.look()
            case "another operator process", _:
                world.restart()
            case _:
                raise AssertionError(what)

    def upload(self, count: int) -> None:
        self.counted += 1
        self.world.storage.upload(*(f"{self.counted}/{number}" for number in range(count)))

    def apply(self) -> None:
        self.world.apply(triggers=TRIGGERS, training={"epochs": self.epochs}, suspend=self.suspend)

    def jobs(self) -> list[dict[str, Any]]:
        return [
            job
            for job in self.world.cluster.kind("jobs")
            if naming.EVALUATION_LABEL not in job["metadata"]["labels"]
        ]

    @property
    def not_learnt(self) -> dict[str, str]:
        """The uploads that are in no dataset version yet, and when they came."""
        storage, newest = self.world.storage, max(self.world.mlflow.versions, default=None)
        if newest is None:
            return dict(storage.uploads)
        tags = self.world.mlflow.versions[newest]["tags"]
        listed = storage.listed[tags["dandelion.dev/dataset-digest"]]
        return {name: when for name, when in storage.uploads.items() if name not in listed}

    async def look(self) -> None:
        await self.world.reconcile()
        going = [job for job in self.jobs() if not job.get("status", {}).get("conditions")]
        assert len(going) <= 1, [job["metadata"]["name"] for job in going]
        for job in self.jobs():
            run = job["metadata"]["labels"][naming.RUN_LABEL]
            if run not in self.known:
                self.known.add(run)
                if job["metadata"]["annotations"][naming.TRIGGER_ANNOTATION] == "NewImages":
                    self.is_time()
                self.begun_with.append(dict(self.world.storage.uploads))
        if self.hang:
            self.world.standing = {job["metadata"]["name"] for job in self.jobs()}
        self.world.tick()

    def is_time(self) -> None:
        """For a run that new images start."""
        came = sorted(map(datetime.fromisoformat, self.not_learnt.values()))
        assert len(came) >= ENOUGH, came
        quiet, waited = self.world.time - came[-1], self.world.time - came[ENOUGH - 1]
        assert quiet >= QUIET or waited >= LONGEST, (quiet, waited)
        assert self.begun_with[-1:] != [self.world.storage.uploads], "the last run began with them"


@given(st.lists(events, max_size=14))
def test_no_upload_is_forgotten_and_none_starts_two_runs(happened: list[Event]) -> None:
    async def scene() -> None:
        with tempfile.TemporaryDirectory() as folder:
            world = World(Path(folder))
            history = History(world)
            await history.play(happened)
            assert world.condition("Trained") == ("True", "TrainingComplete")
            assert len(history.not_learnt) < ENOUGH
            assert world.status["triggers"]["newImages"] == len(history.not_learnt)
            at_rest, writes = world.everything(), world.killer.writes
            world.time += timedelta(days=30)
            world.restart()
            await history.look()
            await history.look()
            assert world.killer.writes == writes, "a fresh start finds something to do"
            assert world.everything() == at_rest

    asyncio.run(scene())
