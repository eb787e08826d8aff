"""Whether a moment of the schedule has come that no run has served."""

from __future__ import annotations

from dandelion_operator.api import cron, moments
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.spec.triggers import Trigger
from dandelion_operator.seen.conclusions.last_run import LastRun
from dandelion_operator.seen.conclusions.triggers.due_trigger import Due
from dandelion_operator.seen.observed import Observed


def schedule(resource: Resource, observed: Observed, last: LastRun) -> Due | None:
    """A run that started since, for whatever reason, has served the moments before it."""
    triggers, now = resource.spec.triggers, moments.moment(observed.now)
    since = moments.moment(served_until(resource, observed, last))
    if triggers.schedule is None or now is None or since is None:
        return None
    first = cron.next_due(triggers.schedule, triggers.time_zone, since)
    if first is None or first > now:
        return None
    missed, zone = moments.written(first), triggers.time_zone or "UTC"
    return Due(Trigger.SCHEDULE, missed, f'due {missed} by "{triggers.schedule}" {zone}')


def served_until(resource: Resource, observed: Observed, last: LastRun | None) -> str:
    """Up to when moments of the schedule are served or do not count.

    To the start of the last run that was brought to an end: of one that was stopped nothing came.
    """
    begun = (last.decided or last.started) if last is not None and last.state.finished else None
    return max(_known_since(resource, observed), begun or "")


def _known_since(resource: Resource, observed: Observed) -> str:
    """Now, where this schedule in this zone was not known before."""
    triggers, before = resource.spec.triggers, observed.previous.triggers
    known = before.schedule if before is not None else None
    same = known is not None and (known.expression, known.time_zone) == (
        triggers.schedule,
        triggers.time_zone,
    )
    return known.since if known is not None and same else observed.now


def next_scheduled(resource: Resource, observed: Observed) -> str:
    """The next moment of the schedule, or ""."""
    triggers, now = resource.spec.triggers, moments.moment(observed.now)
    if triggers.schedule is None or now is None:
        return ""
    found = cron.next_due(triggers.schedule, triggers.time_zone, now)
    return moments.written(found) if found is not None else ""
