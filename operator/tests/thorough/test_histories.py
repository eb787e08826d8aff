"""Whatever happens in whatever order: one run at most, and no worse champion without a person."""

from __future__ import annotations

import asyncio
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

from dandelion_operator.api.reasons import Failure, Reason
from hypothesis import given
from hypothesis import strategies as st
from small_world import World

MINIMUM, MARGIN = 0.8, 0.02
AWAY = Failure(Reason.STORAGE_UNREACHABLE, "s3 cannot be reached: refused")

Event = tuple[str, object]

events = st.one_of(
    st.tuples(st.just("epochs"), st.sampled_from([10, 20])),
    st.tuples(st.just("mode"), st.sampled_from(["Auto", "Manual"])),
    st.tuples(st.just("suspend"), st.booleans()),
    st.tuples(st.just("retrain"), st.just(None)),
    st.tuples(st.just("a person moves the alias"), st.integers(1, 4)),
    st.tuples(st.just("learns to"), st.sampled_from([0.7, 0.85, 0.89, 0.9, 0.95])),
    st.tuples(st.just("training fails"), st.booleans()),
    st.tuples(st.just("storage is away"), st.booleans()),
    st.tuples(st.just("another operator process"), st.just(None)),
    st.tuples(st.just("time passes"), st.integers(1, 4)),
)


@dataclass
class History:
    """Plays events against a small world and watches the champion and the runs all the while."""

    world: World
    spec: dict[str, dict[str, object]] = field(default_factory=dict)
    suspend: bool = False
    retrained: int = 0
    champion: str | None = None

    async def play(self, happened: Sequence[Event]) -> None:
        self.apply()
        for what, value in happened:
            await self.one(what, value)
        self.world.train_fails, self.world.storage.obstacle = None, None
        for _ in range(30):
            await self.look()
        await self.world.settle(80)
        self.watch()

    async def one(self, what: str, value: object) -> None:
        match what, value:
            case "epochs", epochs:
                self.spec["training"] = {"epochs": epochs}
                self.apply()
            case "mode", mode:
                self.spec["promotion"] = {"mode": mode}
                self.apply()
            case "suspend", bool(suspend):
                self.suspend = suspend
                self.apply()
            case "retrain", _:
                self.retrained += 1
                self.world.annotate(f"{self.retrained}")
            case "a person moves the alias", int(version):
                if version in self.world.mlflow.versions:
                    self.world.mlflow.aliases["champion"] = str(version)
                    self.champion = str(version)
            case "learns to", float(accuracy):
                self.world.accuracy = accuracy
            case "training fails", fails:
                self.world.train_fails = ("OutOfMemory", "killed") if fails else None
            case "storage is away", away:
                self.world.storage.obstacle = AWAY if away else None
            case "another operator process", _:
                self.world.restart()
            case "time passes", int(looks):
                for _ in range(looks):
                    await self.look()
            case _:
                raise AssertionError(what)

    def apply(self) -> None:
        self.world.apply(**self.spec, suspend=self.suspend)

    async def look(self) -> None:
        await self.world.reconcile()
        self.watch()
        self.world.tick()

    def watch(self) -> None:
        going = [
            job["metadata"]["name"]
            for job in self.world.cluster.kind("jobs")
            if not job.get("status", {}).get("conditions") and not job["spec"].get("suspend")
        ]
        assert len(going) <= 1, going
        now = self.world.mlflow.aliases.get("champion")
        if now == self.champion:
            return
        assert now is not None, "nobody took the alias away"
        assert self.accuracy(now) >= MINIMUM
        if self.champion is not None:
            assert self.accuracy(now) >= self.accuracy(self.champion) - MARGIN
        self.champion = now

    def accuracy(self, version: str) -> float:
        source = self.world.mlflow.versions[int(version)]["source"]
        contract = self.world.storage.contracts[source]
        assert not isinstance(contract, Failure)
        return contract.metrics["accuracy"]


@given(st.lists(events, max_size=12))
def test_no_history_makes_two_runs_or_a_worse_champion(happened: list[Event]) -> None:
    async def scene() -> None:
        with tempfile.TemporaryDirectory() as folder:
            world = World(Path(folder))
            await History(world).play(happened)
            at_rest, writes = world.everything(), world.killer.writes
            world.restart()
            await world.settle(80)
            assert world.killer.writes == writes, "a fresh start finds something to do"
            assert world.everything() == at_rest

    asyncio.run(scene())
