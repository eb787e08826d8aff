"""Compares the caches with what the API server lists, by metadata alone.

A watch that lost an event, or an object that went while it was not connected, would otherwise stay
unnoticed for good. The first comparison also tells that the caches are complete. Started by
`process.operator`; what it finds is read anew and enqueued.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable, Mapping

import structlog

from dandelion_operator.api.naming import OWNER_LABEL
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.ports.kube.caches import (
    CHILDREN,
    WATCHED,
    Caches,
    Listed,
    Place,
    Stored,
)
from dandelion_operator.ports.kube.cluster import Cluster, ClusterError
from dandelion_operator.ports.kube.objects import Kind

EVERY_SECONDS = 300.0
AGAIN_SECONDS = 2.0
# What was listed reaches the cache by way of the watch a moment later.
PATIENCE_SECONDS, LOOK_SECONDS = 10.0, 0.1
# Without caches the operator works too, only slower.
WAIT_FOR_CACHES_SECONDS = 30.0

log = structlog.get_logger(__name__)


class Audit:
    """`lost` is told whose object was not what the cache said."""

    def __init__(
        self,
        cluster: Cluster,
        caches: Caches,
        lost: Callable[[NamespacedName], None],
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._cluster = cluster
        self._caches = caches
        self._lost = lost
        self._monotonic = monotonic
        self._begun = monotonic()

    @property
    def worth_waiting_for(self) -> bool:
        """Until the caches are complete, every look would cost a dozen requests."""
        waited = self._monotonic() - self._begun
        return not self._caches.synced and waited < WAIT_FOR_CACHES_SECONDS

    async def run(self) -> None:
        pause = AGAIN_SECONDS
        while True:
            complete = await self.round()
            pause = EVERY_SECONDS if complete else min(2 * pause, EVERY_SECONDS)
            await asyncio.sleep(pause)

    async def round(self) -> bool:
        """Whether every kind could be compared."""
        return all(await asyncio.gather(*map(self._compare, WATCHED)))

    async def _compare(self, kind: Kind) -> bool:
        cache = self._caches.of(kind)
        selector = OWNER_LABEL if kind in CHILDREN else ""
        before = dict(cache.objects)
        try:
            pages = [
                await self._cluster.list_metadata(kind, namespace, selector)
                for namespace in self._caches.namespaces or ("",)
            ]
        except ClusterError as error:
            log.warning("a cache cannot be compared", kind=kind.plural, cause=str(error))
            return False
        listed = {(item.namespace, item.name): item for page in pages for item in page}
        different = await self._different(kind, listed, before)
        for item in different:
            self._caches.doubt(kind, item.namespace, item.name, item.owner)
            self._lost(_whose(kind, item))
        if different and cache.synced:
            log.warning("the watches lost something", kind=kind.plural, count=len(different))
        cache.synced = True
        return True

    async def _different(
        self, kind: Kind, listed: Mapping[Place, Listed], before: Mapping[Place, Stored]
    ) -> list[Listed]:
        """What the cache does not know, or no longer should, and no watch tells of in time."""
        cache = self._caches.of(kind)
        deadline = self._monotonic() + PATIENCE_SECONDS
        behind = list(listed.values())
        ghosts = {place: stored for place, stored in before.items() if place not in listed}
        while True:
            behind = [item for item in behind if self._is_behind(kind, item)]
            ghosts = {place: it for place, it in ghosts.items() if cache.objects.get(place) is it}
            if not (behind or ghosts) or self._monotonic() >= deadline:
                break
            await asyncio.sleep(LOOK_SECONDS)
        return behind + [
            Listed(*place, it.uid, it.version, it.owner) for place, it in ghosts.items()
        ]

    def _is_behind(self, kind: Kind, item: Listed) -> bool:
        cache = self._caches.of(kind)
        there = cache.objects.get((item.namespace, item.name))
        if there is None:
            return not cache.ended(item.uid)
        return there.version < item.version


def _whose(kind: Kind, item: Listed) -> NamespacedName:
    return NamespacedName(item.namespace, item.owner if kind in CHILDREN else item.name)
