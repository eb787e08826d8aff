"""Whatever happens in whatever order: budgets are kept, no due moment is lost or served twice."""

from __future__ import annotations

import asyncio
import re
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from dandelion_operator.api import digests, naming
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource, parse
from dandelion_operator.api.spec import cron
from dandelion_operator.seen.live import LiveAccuracySeen
from fakes.cluster import KEY
from hypothesis import given
from hypothesis import strategies as st
from small_world import World

COOLDOWN, BUDGET = timedelta(hours=3), 3
BUDGETS = {"cooldownSeconds": int(COOLDOWN.total_seconds()), "maxRunsPerWeek": BUDGET}
ACCURACY = {"accuracyBelow": 0.9}
AUTOMATIC = ("Schedule", "DatasetChanged", "Drift", "LiveAccuracy")
REVIEWED: dict[str, Any] = {
    "serving": {"logging": {"images": True}},
    "feedback": {"mode": "Review"},
}
BEGIN = datetime(2000, 1, 1, tzinfo=UTC)
AWAY = Failure(Reason.STORAGE_UNREACHABLE, "s3 cannot be reached: refused")

Event = tuple[str, object]

events = st.one_of(
    st.tuples(st.just("schedule"), st.sampled_from([None, "0 */2 * * *", "30 4 * * *", "@weekly"])),
    st.tuples(st.just("zone"), st.sampled_from([None, "Europe/Paris", "Asia/Kathmandu"])),
    st.tuples(st.just("hours pass"), st.sampled_from([1, 2, 5, 24, 100, 200])),
    st.tuples(st.just("hours pass unseen"), st.sampled_from([1, 2, 5, 24, 100, 200])),
    st.tuples(st.just("some looks"), st.integers(1, 4)),
    st.tuples(st.just("drift above"), st.sampled_from([None, 1, 1.5])),
    st.tuples(st.just("windows of answers"), st.sampled_from([0.5, 1.2, 2.0])),
    st.tuples(st.just("the gate rejects"), st.booleans()),
    st.tuples(st.just("epochs"), st.sampled_from([10, 20])),
    st.tuples(st.just("suspend"), st.booleans()),
    st.tuples(st.just("retrain"), st.just(None)),
    st.tuples(st.just("runs hang"), st.booleans()),
    st.tuples(st.just("training fails"), st.sampled_from([None, "OutOfMemory", "Interrupted"])),
    st.tuples(st.just("images come"), st.just(None)),
    st.tuples(st.just("reviews come"), st.just(None)),
    st.tuples(st.just("storage is away"), st.booleans()),
    st.tuples(st.just("finished Jobs expire"), st.just(None)),
    st.tuples(st.just("the operator is killed"), st.tuples(st.integers(1, 6), st.booleans())),
    st.tuples(st.just("another operator process"), st.just(None)),
)


def moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


@dataclass
class Start:
    """One run: what started it and when, and when its last Job ended, or that it was stopped."""

    trigger: str
    at: datetime
    answered_by: str = ""  # the version that served when it began
    ended: datetime | None = None
    stopped: bool = False


@dataclass
class History:
    """Plays events against a small world, and keeps a count of its own of all runs."""

    world: World
    triggers: dict[str, Any] = field(default_factory=lambda: BUDGETS | ACCURACY)
    training: dict[str, Any] = field(default_factory=dict)
    suspend: bool = False
    hang: bool = False
    counted: int = 0
    starts: dict[str, Start] = field(default_factory=dict)
    known: tuple[str | None, str | None] = (None, None)
    since: datetime = BEGIN
    # Windows that pods told of, by the version that they serve: when they were full, and how far.
    compared: dict[str, list[tuple[datetime, float]]] = field(default_factory=dict)

    async def play(self, happened: Sequence[Event]) -> None:
        self.apply()
        for what, value in happened:
            await self.one(what, value)
        self.world.train_fails, self.world.storage.obstacle = None, None
        self.world.accuracy = 0.9
        self.suspend, self.hang, self.world.standing = False, False, set()
        self.apply()
        self.world.annotate("at last")
        # Whatever was due has its turn, each as soon as the budget lets it.
        for _ in range(3):
            self.world.time += timedelta(days=3)
            for _ in range(25):
                await self.look()
        # No moment of any of these schedules and no end of a pause is near.
        self.world.time = self.world.time.replace(hour=9, minute=1, second=0) + timedelta(days=8)
        for _ in range(25):
            await self.look()

    async def one(self, what: str, value: Any) -> None:
        world = self.world
        match what, value:
            case "schedule" | "zone", _:
                self.triggers["schedule" if what == "schedule" else "timeZone"] = value
                self.apply()
            case "hours pass", int(hours):
                for _ in range(hours if hours < 24 else 12):
                    world.time += timedelta(hours=hours if hours < 24 else hours / 12)
                    await self.look()
            case "hours pass unseen", int(hours):
                world.time += timedelta(hours=hours)
            case "some looks", int(looks):
                for _ in range(looks):
                    await self.look()
            case "drift above", above:
                self.triggers["driftAbove"] = above
                self.apply()
            case "windows of answers", float(ratio):
                if self.serving():
                    world.compare(ratio, ratio, ratio)
                    known = self.compared.setdefault(world.serving_version(), [])
                    known.append((world.time, ratio))
            case "the gate rejects", bool(rejects):
                world.accuracy = 0.5 if rejects else 0.9
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
            case "images come", _:
                self.counted += 1
                world.storage.fingerprint = f"images-{self.counted + 1}"
            case "reviews come", _:
                self.review()
            case "storage is away", away:
                world.storage.obstacle = AWAY if away else None
            case "finished Jobs expire", _:
                for job in self.jobs():
                    told = world.status.get("training", {})
                    if job.get("status", {}).get("conditions") and told.get("finishedAt"):
                        where = ("jobs", job["metadata"]["namespace"], job["metadata"]["name"])
                        del world.cluster.objects[where]
            case "the operator is killed", (int(write), bool(after_effect)):
                world.again(write, after_effect)
                await self.look()
            case "another operator process", _:
                world.restart()
            case _:
                raise AssertionError(what)

    def apply(self) -> None:
        said = {name: value for name, value in self.triggers.items() if value is not None}
        if "schedule" not in said:
            said.pop("timeZone", None)
        self.world.apply(triggers=said, training=self.training, suspend=self.suspend, **REVIEWED)

    def review(self) -> None:
        """People say of what serves that it is wrong too often."""
        world = self.world
        if not world.cluster.kind("deployments"):
            return
        tags = world.mlflow.versions[int(world.serving_version())]["tags"]
        found = LiveAccuracySeen(30, 15, 0.27, 0.73, 0.95, world.now_text())
        world.storage.live_accuracies[tags["dandelion.dev/contract-digest"]] = found

    def serving(self) -> str:
        """The version that is to be served, if any is."""
        return self.world.serving_version() if self.world.cluster.kind("deployments") else ""

    @property
    def above(self) -> float:
        return float(self.triggers["driftAbove"])

    def jobs(self) -> list[dict[str, Any]]:
        return [
            job
            for job in self.world.cluster.kind("jobs")
            if naming.EVALUATION_LABEL not in job["metadata"]["labels"]
        ]

    async def look(self) -> None:
        before = {run for run, start in self.starts.items() if not start.stopped}
        whole = await self.world.reconcile()
        self.watch(before)
        self.note_schedule()
        if whole:
            self.nothing_is_lost()
        if self.hang:
            self.world.standing = {job["metadata"]["name"] for job in self.jobs()}
        self.world.tick()
        self.note_ends()

    def note_schedule(self) -> None:
        """From when on the operator knows it, since it wrote that down."""
        told = self.world.status.get("triggers", {}).get("schedule", {})
        known = told.get("expression"), told.get("timeZone")
        if known != self.known:
            self.known, self.since = known, self.world.time

    def note_ends(self) -> None:
        for job in self.jobs():
            run = self.starts[job["metadata"]["labels"][naming.RUN_LABEL]]
            if job.get("status", {}).get("conditions"):
                run.ended = run.ended or self.world.time
            else:
                run.ended = None
        there = {job["metadata"]["labels"][naming.RUN_LABEL] for job in self.jobs()}
        for name, run in self.starts.items():
            run.stopped = run.ended is None and name not in there

    def served(self) -> datetime:
        """The start of the last run that was not stopped."""
        return max(run.at for run in self.starts.values() if not run.stopped)

    def watch(self, known: set[str]) -> None:
        going = [job for job in self.jobs() if not job.get("status", {}).get("conditions")]
        assert len(going) <= 1, [job["metadata"]["name"] for job in going]
        for job in self.jobs():
            run = job["metadata"]["labels"][naming.RUN_LABEL]
            if run in known:
                continue
            annotations = job["metadata"]["annotations"]
            trigger, now = annotations[naming.TRIGGER_ANNOTATION], self.world.time
            if trigger in AUTOMATIC:
                self.budgets_are_kept(now)
            if trigger == "Schedule":
                self.is_served_once(annotations[naming.TRIGGER_MESSAGE_ANNOTATION], now)
            if trigger == "Drift":
                self.is_answered_once()
            self.starts[run] = Start(trigger, now, self.serving())

    def budgets_are_kept(self, now: datetime) -> None:
        ends = [run.ended for run in self.starts.values() if not run.stopped]
        assert all(
            end is not None and now - end >= COOLDOWN - timedelta(seconds=20) for end in ends
        )
        automatic = [run.at for run in self.starts.values() if run.trigger in AUTOMATIC]
        assert len([at for at in automatic if now - at < timedelta(days=7)]) < BUDGET

    def is_served_once(self, words: str, now: datetime) -> None:
        (text,) = re.findall(r"due (\S+) by", words)
        due = moment(text)
        assert self.served() < due <= now

    def is_answered_once(self) -> None:
        """By windows from after the end of the last run, and of a version of which no run for drift
        has ended within a day."""
        runs = [run for run in self.starts.values() if not run.stopped]
        last = max(runs, key=lambda run: run.at)
        answered = max(run.ended for run in runs if run.ended is not None)
        if last.trigger == "Drift" and last.answered_by == self.serving():
            answered += timedelta(days=1, seconds=-20)
        far = [at for at, ratio in self.compared[self.serving()] if ratio > self.above]
        assert max(far) > answered

    def wanted(self) -> str:
        resource = parse(self.world.cluster.one("modeldeployments", KEY.name))
        assert isinstance(resource, Resource)
        return digests.training_hash(resource)

    def nothing_is_lost(self) -> None:
        """What is due has a run that goes on, or waits and says so."""
        status, schedule = self.world.status, self.triggers.get("schedule")
        busy = any(not job.get("status", {}).get("conditions") for job in self.jobs())
        run = status.get("training", {})
        if schedule is None or busy or run.get("state") not in ("Succeeded", "Failed"):
            return
        if run.get("reason") == "Interrupted" or run.get("trainingHash") != self.wanted():
            return  # it is attempted again, or another spec's run is to come
        due = cron.next_due(schedule, self.triggers.get("timeZone"), max(self.since, self.served()))
        if due is not None and due <= self.world.time:
            assert status["triggers"]["waiting"]["trigger"] in AUTOMATIC, status


@given(st.lists(events, max_size=14))
def test_budgets_are_kept_and_each_moment_is_served_once(happened: list[Event]) -> None:
    async def scene() -> None:
        with tempfile.TemporaryDirectory() as folder:
            world = World(Path(folder))
            history = History(world)
            await history.play(happened)
            assert "waiting" not in world.status["triggers"]
            assert world.condition("Trained") == ("True", "TrainingComplete")
            at_rest, writes = world.everything(), world.killer.writes
            world.restart()
            await history.look()
            await history.look()
            assert world.killer.writes == writes, "a fresh start finds something to do"
            assert world.everything() == at_rest

    asyncio.run(scene())
