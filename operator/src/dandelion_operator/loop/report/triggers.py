"""What the status tells of triggers: the schedule, what is due and held back, what was started."""

from __future__ import annotations

from datetime import timedelta

from dandelion_operator.api import moments
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status.triggers import (
    EnoughImages,
    KnownSchedule,
    Triggers,
    WaitingTrigger,
)
from dandelion_operator.loop.decide.plan import Plan
from dandelion_operator.loop.decide.plan.decisions import HeldTrigger
from dandelion_operator.seen.conclusions.last_run import LastRun
from dandelion_operator.seen.conclusions.triggers.budget import WEEK, started
from dandelion_operator.seen.conclusions.triggers.new_images import enough_since
from dandelion_operator.seen.conclusions.triggers.schedule import (
    next_scheduled,
    served_until,
)
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import DatasetSeen

STARTS_LIMIT = 100


def triggers(
    resource: Resource, observed: Observed, plan: Plan, last: LastRun | None
) -> Triggers | None:
    wanted = resource.spec.triggers
    if not wanted.are_used:
        return None
    known = None
    if wanted.schedule is not None:
        since = served_until(resource, observed, last)
        known = KnownSchedule(expression=wanted.schedule, time_zone=wanted.time_zone, since=since)
    return Triggers(
        schedule=known,
        next_schedule_time=next_scheduled(resource, observed) or None,
        new_images=_new_images(resource, observed),
        enough_images=_enough_images(resource, observed),
        waiting=_waiting(observed, plan.train.held),
        started_at=_started(observed, last),
    )


def _new_images(resource: Resource, observed: Observed) -> int | None:
    """As many as there were, while the images are not looked at: during a run, for example."""
    if resource.spec.triggers.new_images is None:
        return None
    if isinstance(observed.dataset, DatasetSeen):
        return observed.dataset.new.count if observed.dataset.new is not None else None
    before = observed.previous.triggers
    return before.new_images if before is not None else None


def _enough_images(resource: Resource, observed: Observed) -> EnoughImages | None:
    """Of images alone it follows from the listing, each time anew."""
    if resource.spec.triggers.new_images is None:
        return None
    new = observed.dataset.new if isinstance(observed.dataset, DatasetSeen) else None
    if new is None:
        before = observed.previous.triggers
        return before.enough_images if before is not None else None
    if not (new.enough and new.addresses):
        return None
    return EnoughImages(dataset_version=new.since, since=enough_since(observed, new))


def _waiting(observed: Observed, held: HeldTrigger | None) -> WaitingTrigger | None:
    if held is None:
        return None
    before = observed.previous.triggers
    was = before.waiting if before is not None else None
    known = was.since if was is not None and was.trigger == held.due.trigger else observed.now
    return WaitingTrigger(
        trigger=held.due.trigger,
        since=held.due.since or known,
        until=held.until or None,
        reason=held.reason,
        message=f"{held.due.message}; {held.message}",
    )


def _started(observed: Observed, last: LastRun | None) -> tuple[str, ...]:
    """What is too old to count goes when another one comes: a status at rest stays as it is."""
    before = observed.previous.triggers
    known = before.started_at if before is not None else ()
    oldest = moments.after(observed.now, -(WEEK + timedelta(days=1)).total_seconds())
    found = tuple(item for item in started(observed, last) if item > oldest)[:STARTS_LIMIT]
    return found if set(found) - set(known) else known
