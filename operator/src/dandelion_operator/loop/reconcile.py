"""One reconcile of one resource: observe, decide, apply until nothing is left to do, then report.

Level-triggered: it takes no event, only a name, and brings what there is closer to what the spec
asks for. Called by the work queue's workers; what it raises or returns tells the queue when to come
back.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from typing import Any

import structlog

from dandelion_operator.api.location import Location, location
from dandelion_operator.api.reasons.facts import WHILE_TRAINING
from dandelion_operator.api.resource import InvalidResource, NamespacedName, Resource, parse
from dandelion_operator.api.status import Status
from dandelion_operator.api.status import parse as parse_status
from dandelion_operator.loop import pace
from dandelion_operator.loop.apply import apply, promoted
from dandelion_operator.loop.apply.compare import Comparison
from dandelion_operator.loop.apply.events import write_event
from dandelion_operator.loop.decide import decide
from dandelion_operator.loop.decide.plan import Plan, Refusal
from dandelion_operator.loop.observe import observe
from dandelion_operator.loop.report import invalid, left_alone, promotion_told, report
from dandelion_operator.loop.report.events import event_objects
from dandelion_operator.loop.workqueue import Requeue
from dandelion_operator.ports import metrics
from dandelion_operator.ports.clients import Clients
from dandelion_operator.ports.kube.cluster import ClusterError, ConflictError
from dandelion_operator.ports.kube.objects import MODEL_DEPLOYMENT
from dandelion_operator.ports.registry import AliasMovedError
from dandelion_operator.seen.observed import Observed

MAX_PASSES = 6

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Outcome:
    body: Mapping[str, Any]
    resource: Resource
    observed: Observed
    plan: Plan
    refusals: tuple[Refusal, ...]
    settled: bool


def _utc_now() -> datetime:
    return datetime.now(UTC)


class Reconciler:
    def __init__(
        self, clients: Clients, resync_seconds: float, now: Callable[[], datetime] = _utc_now
    ) -> None:
        self._clients = clients
        self._comparison = Comparison(clients)
        self._resync_seconds = resync_seconds
        self._now = now

    async def __call__(self, key: NamespacedName) -> Requeue | None:
        """None: the resource is gone."""
        started = time.monotonic()
        try:
            return await self._reconcile(key)
        except (ConflictError, AliasMovedError):
            return Requeue(pace.AT_ONCE)  # the world changed meanwhile: reconcile the new one
        except ClusterError as error:
            metrics.RECONCILE_ERRORS.labels(type(error).__name__).inc()
            log.warning("the API server is in the way", resource=str(key), cause=str(error))
            return Requeue(pace.AT_ONCE, backoff=True)
        finally:
            metrics.RECONCILE_SECONDS.observe(time.monotonic() - started)

    async def _reconcile(self, key: NamespacedName) -> Requeue | None:
        for turn in range(1, MAX_PASSES + 1):
            body = await self._clients.cluster.get(MODEL_DEPLOYMENT, key.namespace, key.name)
            if body is None or "deletionTimestamp" in body["metadata"]:
                metrics.forget(key)
                self._clients.lookups.forget(key)
                self._clients.probes.forget(key)
                self._comparison.forget(key)
                return None
            previous = parse_status(body.get("status"))
            obstacle = self._clients.namespaces.obstacle(key.namespace)
            if obstacle is not None:
                await self._write(
                    body, previous, left_alone(body, previous, obstacle, self._time())
                )
                return Requeue(self._resync_seconds)
            resource = parse(body)
            if isinstance(resource, InvalidResource):
                await self._write(body, previous, invalid(resource, previous, self._time()))
                return Requeue(self._resync_seconds)
            outcome = await self._pass(body, resource, previous, last=turn == MAX_PASSES)
            if outcome.settled:
                return await self._report(outcome, previous)
        return Requeue(pace.AT_ONCE)

    async def _pass(
        self, body: Mapping[str, Any], resource: Resource, previous: Status, last: bool
    ) -> Outcome:
        place = location(resource, self._clients.defaults)
        with self._clients.lookups.held(resource.key):
            observed = await self._look(resource, place, previous, fresh=False)
            decided = decide(resource, observed, place)
            if decided.rests_on_the_registry:
                observed = await self._look(resource, place, previous, fresh=True)
                decided = decide(resource, observed, place)
        todo = [action for concern in decided.concerns for action in concern]
        if not todo and decided.promote.promotion is None:
            return Outcome(body, resource, observed, decided, (), settled=True)
        log.info("acting", resource=str(resource.key), actions=[repr(item) for item in todo])
        refusals = await apply(decided, resource, place, self._clients)
        for refusal in refusals:
            log.warning("refused", resource=str(resource.key), cause=refusal.message)
        if promoted(decided, refusals):
            told = promotion_told(resource, observed, decided, self._time())
            await self._write(body, previous, told)
            return Outcome(body, resource, observed, decided, refusals, settled=False)
        return Outcome(body, resource, observed, decided, refusals, settled=bool(refusals) or last)

    async def _look(
        self, resource: Resource, place: Location, previous: Status, fresh: bool
    ) -> Observed:
        found = await observe(resource, place, previous, self._clients, fresh, self._time())
        drifts = await self._comparison.drifts(resource, found, place)
        return replace(found, drifts=drifts)

    async def _report(self, outcome: Outcome, previous: Status) -> Requeue:
        after = report(
            outcome.resource, outcome.observed, outcome.plan, outcome.refusals, self._time()
        )
        await self._write(outcome.body, previous, after)
        metrics.record_loop(outcome.resource, outcome.observed, after)
        if outcome.refusals:
            return Requeue(WHILE_TRAINING, backoff=True)
        if previous.followed != after.followed:
            return Requeue(pace.AT_ONCE)  # the verdict `promoted` waits for this history entry
        observed, plan = outcome.observed, outcome.plan
        pause = pace.pause(observed, plan, after, self._resync_seconds)
        return Requeue(pause, latest=pace.latest(observed, plan))

    async def _write(self, body: Mapping[str, Any], before: Status, after: Status) -> None:
        """And tells Prometheus, which an operator that has just started has told nothing yet."""
        if after != before:
            await self._store(body, before, after)
        metadata = body["metadata"]
        metrics.record(NamespacedName(metadata["namespace"], metadata["name"]), before, after)

    async def _store(self, body: Mapping[str, Any], before: Status, after: Status) -> None:
        await self._clients.cluster.replace_status(
            MODEL_DEPLOYMENT, {**body, "status": after.as_json()}
        )
        try:
            for event in event_objects(body, before, after, self._time()):
                await write_event(self._clients.cluster, event)
        except ClusterError as error:
            log.warning("an Event could not be written", cause=str(error))

    def _time(self) -> str:
        return self._now().strftime("%Y-%m-%dT%H:%M:%SZ")
