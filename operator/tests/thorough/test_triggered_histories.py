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

from dandelion_operator.api import cron, digests, naming
from dandelion_operator.api.resource import Resource, parse
from dandelion_operator.seen.live import LiveAccuracySeen
from fakes.cluster import KEY
from hypothesis import given
from hypothesis import strategies as st
from small_world import World
from small_world.stage import Event, Stage, histories

COOLDOWN, BUDGET = timedelta(hours=3), 3
BUDGETS = {"cooldownSeconds": int(COOLDOWN.total_seconds()), "maxRunsPerWeek": BUDGET}
ACCURACY = {"accuracyBelow": 0.9}
AUTOMATIC = ("Schedule", "DatasetChanged", "Drift", "LiveAccuracy")
REVIEWED: dict[str, Any] = {
    "serving": {"logging": {"images": True}},
    "feedback": {"mode": "Review"},
}
BEGIN = datetime(2000, 1, 1, tzinfo=UTC)

happenings = histories(
    st.tuples(st.just("schedule"), st.sampled_from([None, "0 */2 * * *", "30 4 * * *", "@weekly"])),
    st.tuples(st.just("zone"), st.sampled_from([None, "Europe/Paris", "Asia/Kathmandu"])),
    st.tuples(st.just("hours pass"), st.sampled_from([1, 2, 5, 24, 100, 200])),
    st.tuples(st.just("hours pass unseen"), st.sampled_from([1, 2, 5, 24, 100, 200])),
    st.tuples(st.just("drift above"), st.sampled_from([None, 1, 1.5])),
    st.tuples(st.just("windows of answers"), st.sampled_from([0.5, 1.2, 2.0])),
    st.tuples(st.just("the gate rejects"), st.booleans()),
    st.tuples(st.just("images come"), st.just(None)),
    st.tuples(st.just("reviews come"), st.just(None)),
    st.tuples(st.just("finished Jobs expire"), st.just(None)),
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
class Schedules(Stage):
    """Keeps a count of its own of all runs."""

    asked: dict[str, Any] = field(default_factory=lambda: BUDGETS | ACCURACY)
    starts: dict[str, Start] = field(default_factory=dict)
    followed: tuple[str | None, str | None] = (None, None)
    since: datetime = BEGIN
    # Windows that pods told of, by the version that they serve: when they were full, and how far.
    compared: dict[str, list[tuple[datetime, float]]] = field(default_factory=dict)

    def sections(self) -> dict[str, Any]:
        said = {name: value for name, value in self.asked.items() if value is not None}
        if "schedule" not in said:
            said.pop("timeZone", None)
        return {"triggers": said} | REVIEWED

    async def play(self, happened: Sequence[Event]) -> None:
        await super().play(happened)
        self.world.accuracy = 0.9
        self.world.annotate("at last")
        # Whatever was due has its turn, each as soon as the budget lets it.
        for _ in range(3):
            self.world.time += timedelta(days=3)
            await self.looks(25)
        # No moment of any of these schedules and no end of a pause is near.
        self.world.time = self.world.time.replace(hour=9, minute=1, second=0) + timedelta(days=8)
        await self.looks(25)

    async def own(self, what: str, value: Any) -> None:
        world = self.world
        match what, value:
            case "schedule" | "zone", _:
                self.asked["schedule" if what == "schedule" else "timeZone"] = value
                self.apply()
            case "hours pass", int(hours):
                for _ in range(hours if hours < 24 else 12):
                    world.time += timedelta(hours=hours if hours < 24 else hours / 12)
                    await self.look()
            case "hours pass unseen", int(hours):
                world.time += timedelta(hours=hours)
            case "drift above", above:
                self.asked["driftAbove"] = above
                self.apply()
            case "windows of answers", float(ratio):
                if self.serving():
                    world.compare(ratio, ratio, ratio)
                    known = self.compared.setdefault(world.serving_version(), [])
                    known.append((world.time, ratio))
            case "the gate rejects", bool(rejects):
                world.accuracy = 0.5 if rejects else 0.9
            case "images come", _:
                self.counted += 1
                world.storage.fingerprint = f"images-{self.counted + 1}"
            case "reviews come", _:
                self.review()
            case "finished Jobs expire", _:
                for job in self.jobs():
                    told = world.status.get("training", {})
                    if job.get("status", {}).get("conditions") and told.get("finishedAt"):
                        where = ("jobs", job["metadata"]["namespace"], job["metadata"]["name"])
                        del world.cluster.objects[where]
            case _:
                raise AssertionError(what)

    def review(self) -> None:
        """People say of what serves that it is wrong too often."""
        world = self.world
        if not self.serving():
            return
        tags = world.mlflow.versions[int(world.serving_version())]["tags"]
        found = LiveAccuracySeen(30, 15, 0.27, 0.73, 0.95, world.now_text())
        world.storage.live_accuracies[tags["dandelion.dev/contract-digest"]] = found

    def serving(self) -> str:
        """The version that is to be served, if any is."""
        return self.world.serving_version() if self.world.cluster.kind("deployments") else ""

    def begins(self, run: str, annotations: dict[str, str]) -> None:
        trigger, now = annotations[naming.TRIGGER_ANNOTATION], self.world.time
        if trigger in AUTOMATIC:
            self.budgets_are_kept(now)
        if trigger == "Schedule":
            self.is_served_once(annotations[naming.TRIGGER_MESSAGE_ANNOTATION], now)
        if trigger == "Drift":
            self.is_answered_once()
        self.starts[run] = Start(trigger, now, self.serving())

    def looked(self, whole: bool) -> None:
        self.note_schedule()
        if whole:
            self.nothing_is_lost()

    def ticked(self) -> None:
        """Ends are noted; a run that was stopped begins anew where it comes again."""
        for job in self.jobs():
            run = self.starts[job["metadata"]["labels"][naming.RUN_LABEL]]
            if job.get("status", {}).get("conditions"):
                run.ended = run.ended or self.world.time
            else:
                run.ended = None
        there = {job["metadata"]["labels"][naming.RUN_LABEL] for job in self.jobs()}
        for name, run in self.starts.items():
            run.stopped = run.ended is None and name not in there
        self.known = {name for name, run in self.starts.items() if not run.stopped}

    def note_schedule(self) -> None:
        """From when on the operator knows it, since it wrote that down."""
        told = self.world.status.get("triggers", {}).get("schedule", {})
        followed = told.get("expression"), told.get("timeZone")
        if followed != self.followed:
            self.followed, self.since = followed, self.world.time

    def served(self) -> datetime:
        """The start of the last run that was not stopped."""
        return max(run.at for run in self.starts.values() if not run.stopped)

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
        above = float(self.asked["driftAbove"])
        far = [at for at, ratio in self.compared[self.serving()] if ratio > above]
        assert max(far) > answered

    def wanted(self) -> str:
        resource = parse(self.world.cluster.one("modeldeployments", KEY.name))
        assert isinstance(resource, Resource)
        return digests.training_hash(resource)

    def nothing_is_lost(self) -> None:
        """What is due has a run that goes on, or waits and says so."""
        status, schedule = self.world.status, self.asked.get("schedule")
        busy = any(not job.get("status", {}).get("conditions") for job in self.jobs())
        run = status.get("training", {})
        if schedule is None or busy or run.get("state") not in ("Succeeded", "Failed"):
            return
        if run.get("reason") == "Interrupted" or run.get("trainingHash") != self.wanted():
            return  # it is attempted again, or another spec's run is to come
        zone = self.asked.get("timeZone")
        due = cron.next_due(schedule, zone, max(self.since, self.served()))
        if due is not None and due <= self.world.time:
            assert status["triggers"]["waiting"]["trigger"] in AUTOMATIC, status


@given(happenings)
def test_budgets_are_kept_and_each_moment_is_served_once(happened: list[Event]) -> None:
    async def scene() -> None:
        with tempfile.TemporaryDirectory() as folder:
            world = World(Path(folder))
            history = Schedules(world)
            await history.play(happened)
            assert "waiting" not in world.status["triggers"]
            assert world.condition("Trained") == ("True", "TrainingComplete")
            await history.stays_at_rest()

    asyncio.run(scene())
