"""Leader election on a coordination.k8s.io Lease: of several operators, one writes.

A standby is alive and ready, watches everything and writes nothing; it takes over once it has seen
the lease unchanged for its whole duration by its own clock, or at once when the leader gave it back
(an ordinary shutdown does). The leader's permission, the fence, counts from before the renewal was
sent and ends a margin early; writes are given up within that margin. So two operators never both
write, whatever their clocks or the network do; `kubernetes.aio.leaderelection` promises no such
thing: it goes by the wall clock and lets a leader act for as long as its renewals may take.
Called by `operator`, which runs `Elector.run`.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Protocol

import structlog

from dandelion_operator.ports.fence import WRITE_SECONDS, Fence
from dandelion_operator.ports.kube.cluster import ClusterError

LEASE_SECONDS = 20
RENEW_EVERY = 3.0
ATTEMPT_EVERY = 1.0
MARGIN = WRITE_SECONDS + 2.0

log = structlog.get_logger(__name__)


class Leases(Protocol):
    async def get(self) -> dict[str, Any] | None: ...

    async def create(self, spec: dict[str, Any]) -> dict[str, Any]:
        """Raises ConflictError if it exists."""

    async def replace(self, lease: dict[str, Any]) -> dict[str, Any]:
        """Raises ConflictError unless the resourceVersion is the current one."""


@dataclass
class LeaseRecord:
    """The lease as last seen, and since when it has looked like that by this process's clock."""

    content: tuple[Any, ...]
    since: float


class Elector:
    def __init__(
        self,
        leases: Leases,
        identity: str,
        fence: Fence,
        monotonic: Callable[[], float] = time.monotonic,
        wall: Callable[[], datetime] = lambda: datetime.now(UTC),
    ) -> None:
        self._leases = leases
        self._identity = identity
        self._fence = fence
        self._monotonic = monotonic
        self._wall = wall
        self._observed: LeaseRecord | None = None
        self.last_attempt = monotonic()
        self.led = asyncio.Event()

    @property
    def leading(self) -> bool:
        return self._fence.open

    async def run(self) -> None:
        while True:
            await self.attempt()
            await asyncio.sleep(RENEW_EVERY if self.leading else ATTEMPT_EVERY)

    async def attempt(self) -> None:
        """One try to take or to renew the lease; what fails is simply tried again."""
        was_leading = self.leading
        started = self._monotonic()
        try:
            held = await self._take_or_renew()
        except ClusterError as error:
            log.warning("the lease could not be renewed", error=str(error))
            held = False
        self.last_attempt = self._monotonic()
        if held:
            self._fence.open_until(started + LEASE_SECONDS - MARGIN)
        if self.leading and not was_leading:
            log.info("this operator leads now", identity=self._identity)
        if self.leading:
            self.led.set()
        else:
            if was_leading:
                log.warning("this operator leads no longer", identity=self._identity)
            self.led.clear()

    async def _take_or_renew(self) -> bool:
        lease = await self._leases.get()
        if lease is None:
            await self._leases.create(self._spec(transitions=0, acquired=None))
            return True
        spec = lease.get("spec") or {}
        holder = spec.get("holderIdentity") or ""
        content = (holder, spec.get("renewTime"), lease["metadata"].get("resourceVersion"))
        now = self._monotonic()
        if self._observed is None or self._observed.content != content:
            self._observed = LeaseRecord(content, now)
        mine = holder == self._identity
        duration = spec.get("leaseDurationSeconds") or LEASE_SECONDS
        if holder and not mine and now - self._observed.since < duration:
            return False
        transitions = (spec.get("leaseTransitions") or 0) + (0 if mine else 1)
        acquired = spec.get("acquireTime") if mine else None
        await self._leases.replace(lease | {"spec": self._spec(transitions, acquired)})
        return True

    def _spec(self, transitions: int, acquired: str | None) -> dict[str, Any]:
        now = self._wall().strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        return {
            "holderIdentity": self._identity,
            "leaseDurationSeconds": LEASE_SECONDS,
            "acquireTime": acquired or now,
            "renewTime": now,
            "leaseTransitions": transitions,
        }

    async def release(self) -> None:
        """Give the lease back, after the last write: the next operator need not wait."""
        self._fence.close()
        self.led.clear()
        try:
            lease = await self._leases.get()
            if lease is None or (lease.get("spec") or {}).get("holderIdentity") != self._identity:
                return
            await self._leases.replace(lease | {"spec": lease["spec"] | {"holderIdentity": ""}})
        except ClusterError as error:
            log.warning("the lease could not be given back", error=str(error))
