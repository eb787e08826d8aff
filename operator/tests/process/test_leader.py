"""Two electors on one lease, a clock that is turned by hand: never do both hold the fence open."""

from __future__ import annotations

import asyncio
import random
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from dandelion_operator.ports.fence import Fence, NotLeadingError
from dandelion_operator.ports.kube.cluster import ConflictError, UnreachableError
from dandelion_operator.process.leader import LEASE_SECONDS, MARGIN, Elector
from fakes.cluster import copied


class Clock:
    def __init__(self, skew: float = 0.0) -> None:
        self.now = 0.0
        self.skew = skew

    def monotonic(self) -> float:
        return self.now

    def wall(self) -> datetime:
        return datetime(2026, 1, 1, tzinfo=UTC) + timedelta(seconds=self.now + self.skew)


class FakeLease:
    def __init__(self) -> None:
        self.lease: dict[str, Any] | None = None
        self.version = 0

    def _stored(self, spec: dict[str, Any]) -> dict[str, Any]:
        self.version += 1
        self.lease = {"metadata": {"resourceVersion": str(self.version)}, "spec": spec}
        return copied(self.lease)

    def get(self) -> dict[str, Any] | None:
        return copied(self.lease)

    def create(self, spec: dict[str, Any]) -> dict[str, Any]:
        if self.lease is not None:
            raise ConflictError(409, "exists")
        return self._stored(spec)

    def replace(self, lease: dict[str, Any]) -> dict[str, Any]:
        assert self.lease is not None
        if lease["metadata"] != self.lease["metadata"]:
            raise ConflictError(409, "changed meanwhile")
        return self._stored(lease["spec"])


class Line:
    """One operator's way to the API server: may be cut, or take its time."""

    def __init__(self, lease: FakeLease, clock: Clock) -> None:
        self.lease = lease
        self.clock = clock
        self.cut = False
        self.delay = 0.0

    def _pass(self) -> None:
        self.clock.now += self.delay
        if self.cut:
            raise UnreachableError("no route")

    async def get(self) -> dict[str, Any] | None:
        self._pass()
        return self.lease.get()

    async def create(self, spec: dict[str, Any]) -> dict[str, Any]:
        self._pass()
        return self.lease.create(spec)

    async def replace(self, lease: dict[str, Any]) -> dict[str, Any]:
        self._pass()
        return self.lease.replace(lease)


class Candidate:
    def __init__(self, name: str, lease: FakeLease, clock: Clock) -> None:
        self.line = Line(lease, clock)
        self.fence = Fence(clock.monotonic)
        self.elector = Elector(self.line, name, self.fence, clock.monotonic, clock.wall)

    def attempt(self) -> bool:
        asyncio.run(self.elector.attempt())
        return self.leads

    @property
    def leads(self) -> bool:
        return self.fence.open


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def lease() -> FakeLease:
    return FakeLease()


def test_the_first_one_leads_and_the_second_waits(lease: FakeLease, clock: Clock) -> None:
    first, second = Candidate("a", lease, clock), Candidate("b", lease, clock)
    assert first.attempt()
    for _ in range(100):
        clock.now += 3
        assert first.attempt()
        assert not second.attempt()


def test_a_leader_that_is_cut_off_stops_writing_before_the_next_one_starts(
    lease: FakeLease, clock: Clock
) -> None:
    first, second = Candidate("a", lease, clock), Candidate("b", lease, clock)
    first.attempt()
    first.line.cut = True
    handed_over = None
    for _ in range(2 * LEASE_SECONDS):
        clock.now += 1
        first.attempt()
        second.attempt()
        assert not (first.leads and second.leads)
        if not first.leads and handed_over is None:
            with pytest.raises(NotLeadingError):
                first.fence.check()
            handed_over = clock.now
    assert second.leads
    assert handed_over is not None
    assert handed_over <= LEASE_SECONDS - MARGIN


def test_permission_counts_from_before_the_renewal_was_sent(lease: FakeLease, clock: Clock) -> None:
    only = Candidate("a", lease, clock)
    only.line.delay = 4.0
    sent = clock.now
    assert only.attempt()
    clock.now = sent + LEASE_SECONDS - MARGIN
    assert not only.leads


def test_a_leader_that_slept_wakes_up_with_a_closed_fence(lease: FakeLease, clock: Clock) -> None:
    first = Candidate("a", lease, clock)
    first.attempt()
    clock.now += 3600
    assert not first.leads


def test_a_lease_that_was_given_back_is_taken_at_once(lease: FakeLease, clock: Clock) -> None:
    first, second = Candidate("a", lease, clock), Candidate("b", lease, clock)
    first.attempt()
    second.attempt()
    asyncio.run(first.elector.release())
    assert not first.leads
    assert second.attempt()


def test_a_container_that_starts_again_takes_its_own_lease_back(
    lease: FakeLease, clock: Clock
) -> None:
    Candidate("pod-a", lease, clock).attempt()
    assert Candidate("pod-a", lease, clock).attempt()


def test_a_clock_that_is_hours_off_changes_nothing(lease: FakeLease) -> None:
    late, early = Clock(skew=-7200), Clock(skew=7200)
    first, second = Candidate("a", lease, late), Candidate("b", lease, early)
    first.attempt()
    for _ in range(50):
        late.now += 1
        early.now += 1
        first.attempt()
        assert not second.attempt()


def test_two_that_start_together_make_one_leader(lease: FakeLease, clock: Clock) -> None:
    first, second = Candidate("a", lease, clock), Candidate("b", lease, clock)

    async def together() -> None:
        await asyncio.gather(first.elector.attempt(), second.elector.attempt())

    asyncio.run(together())
    assert first.leads != second.leads


@pytest.mark.parametrize("seed", range(20))
def test_whatever_the_network_does_never_do_both_lead(seed: int, lease: FakeLease) -> None:
    dice = random.Random(seed)
    clock = Clock()
    led = set()

    async def scene() -> None:
        candidates = [Candidate(name, lease, clock) for name in "abc"]
        for _ in range(1000):
            one = dice.choice(candidates)
            one.line.cut = dice.random() < 0.4
            one.line.delay = dice.choice([0.0, 0.0, 0.5, 3.0])
            await one.elector.attempt()
            clock.now += dice.choice([0.1, 1.0, 4.0])
            leading = [item.elector._identity for item in candidates if item.leads]
            assert len(leading) <= 1, leading
            led.update(leading)

    asyncio.run(scene())
    assert len(led) > 1, "the leader never changed, so nothing was tried"
