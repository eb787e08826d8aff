"""The stage of random histories: a small world to which things happen in any order.

Each suite has events of its own beside those of the stage, and says what has to hold after a look.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.api.reasons import Failure, Reason
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from small_world import World

AWAY = Failure(Reason.STORAGE_UNREACHABLE, "s3 cannot be reached: refused")

Event = tuple[str, object]

COMMON: tuple[SearchStrategy[Event], ...] = (
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


def histories(*own: SearchStrategy[Event]) -> SearchStrategy[list[Event]]:
    """What happens, in order: the stage's events and a suite's own."""
    return st.lists(st.one_of(*own, *COMMON), max_size=14)


@dataclass
class Stage:
    """Plays events against a small world, and sees every run that begins."""

    world: World
    training: dict[str, Any] = field(default_factory=dict)
    suspend: bool = False
    hang: bool = False
    counted: int = 0
    known: set[str] = field(default_factory=set)

    # -- what a suite says ------------------------------------------------------------------------

    def sections(self) -> dict[str, Any]:
        """Of the spec, as they are now, but for those that the stage's own events change."""
        raise NotImplementedError

    async def own(self, what: str, value: Any) -> None:
        """An event of the suite's own."""
        raise AssertionError(what)

    def begins(self, run: str, annotations: dict[str, str]) -> None:
        """A run that was not there before the last look."""

    def looked(self, whole: bool) -> None:
        """After a look, in which the operator was not killed if it is `whole`."""

    def ticked(self) -> None:
        """After what the controllers and the runs did then."""

    # -- what happens -----------------------------------------------------------------------------

    async def play(self, happened: Sequence[Event]) -> None:
        self.apply()
        for what, value in happened:
            await self.one(what, value)
        self.world.train_fails, self.world.storage.obstacle = None, None
        self.suspend, self.hang, self.world.standing = False, False, set()
        self.apply()

    async def one(self, what: str, value: Any) -> None:
        world = self.world
        match what, value:
            case "some looks", int(looks):
                await self.looks(looks)
            case "epochs", epochs:
                self.training = {"epochs": epochs}
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
                await self.own(what, value)

    def apply(self) -> None:
        self.world.apply(**self.sections(), training=self.training, suspend=self.suspend)

    def jobs(self) -> list[dict[str, Any]]:
        """Of training."""
        return [
            job
            for job in self.world.cluster.kind("jobs")
            if naming.EVALUATION_LABEL not in job["metadata"]["labels"]
        ]

    async def looks(self, count: int) -> None:
        for _ in range(count):
            await self.look()

    async def look(self) -> None:
        """One reconcile, in which at most one run is in flight, and what follows outside of it."""
        whole = await self.world.reconcile()
        going = [job for job in self.jobs() if not job.get("status", {}).get("conditions")]
        assert len(going) <= 1, [job["metadata"]["name"] for job in going]
        for job in self.jobs():
            run = job["metadata"]["labels"][naming.RUN_LABEL]
            if run not in self.known:
                self.known.add(run)
                self.begins(run, job["metadata"]["annotations"])
        self.looked(whole)
        if self.hang:
            self.world.standing = {job["metadata"]["name"] for job in self.jobs()}
        self.world.tick()
        self.ticked()

    async def stays_at_rest(self) -> None:
        """A fresh operator finds nothing to do."""
        at_rest, writes = self.world.everything(), self.world.killer.writes
        self.world.restart()
        await self.looks(2)
        assert self.world.killer.writes == writes, "a fresh start finds something to do"
        assert self.world.everything() == at_rest
