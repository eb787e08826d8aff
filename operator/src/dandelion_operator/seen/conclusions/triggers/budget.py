"""How long runs that triggers start are held back, and which there were."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from dandelion_operator.api import moments
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.spec.triggers import AUTOMATIC
from dandelion_operator.seen.conclusions.last_run import LastRun, ended_at
from dandelion_operator.seen.observed import Observed

WEEK = timedelta(days=7)


class HeldBy(StrEnum):
    """What holds a due trigger back, in the word that a status and Prometheus have for it."""

    COOLDOWN = "Cooldown"
    WEEKLY_BUDGET = "WeeklyBudget"
    SUSPENDED = "Suspended"
    NOT_ACCEPTED = "NotAccepted"
    REGISTRY_UNREACHABLE = "RegistryUnreachable"
    DATASET_LISTING = "DatasetListing"


@dataclass(frozen=True)
class Hold:
    """What lets no triggered run begin, until when, or "": unknown, and why in words."""

    reason: HeldBy
    until: str
    message: str


def cooldown(resource: Resource, observed: Observed, last: LastRun) -> Hold | None:
    seconds, ended = resource.spec.triggers.cooldown_seconds, ended_at(observed, last)
    until = moments.after(ended or observed.now, seconds)
    if until <= observed.now:
        return None
    words = f"cooldownSeconds is {seconds}, and the last run ended at {ended or 'now'}"
    return Hold(HeldBy.COOLDOWN, until, words)


def weekly_budget(resource: Resource, observed: Observed, last: LastRun) -> Hold | None:
    most = resource.spec.triggers.max_runs_per_week
    if most is None:
        return None
    began = moments.after(observed.now, -WEEK.total_seconds())
    week = [item for item in started(observed, last) if item > began]
    if len(week) < most:
        return None
    until = moments.after(week[most - 1], WEEK.total_seconds())
    words = f"maxRunsPerWeek is {most}, and so many began in the last seven days"
    return Hold(HeldBy.WEEKLY_BUDGET, until, words)


def started(observed: Observed, last: LastRun | None) -> tuple[str, ...]:
    """When runs were started by triggers, the newest first: remembered, and told by what remains.

    Attempts at one run are one.
    """
    before = observed.previous.triggers
    runs = [(job.trigger, job.decided) for job in observed.jobs]
    if last is not None:
        runs.append((last.trigger, last.decided))
    told = {decided for trigger, decided in runs if decided and trigger in AUTOMATIC}
    known = before.started_at if before is not None else ()
    return tuple(sorted(told.union(known), reverse=True))
