"""Which trigger asks for another run of the same spec, and how long its budget holds it back. Pure.

What is compared is state: a moment with the start of the last run, a listing with the one that it
began with. So nothing is lost while the operator is away or a run goes on, and however often a
trigger fired meanwhile, one run answers it. Asked by `observe` (is a listing needed?), by `train`
and by `report`.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import timedelta
from enum import StrEnum

from dandelion_operator.api import cron, moments
from dandelion_operator.api.location import Target
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.spec.triggers import AUTOMATIC, Trigger
from dandelion_operator.api.status.training import RunState
from dandelion_operator.seen.conclusions import image_drift
from dandelion_operator.seen.conclusions.attempts import seconds_until
from dandelion_operator.seen.conclusions.last_run import LastRun
from dandelion_operator.seen.live import LiveAccuracySeen
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import DatasetSeen, NewObjects
from dandelion_operator.seen.versions import RegistrySeen, Verdict

WEEK = timedelta(days=7)
# For so long a run that drift started has answered it, where its version is not served.
DRIFT_ANSWERED = timedelta(days=1)
VERSION_DIGITS = len("sha256:") + 8
# Fewer start nothing, whatever their interval: a handful may all be of one burst or one person.
FEWEST_REVIEWED = 20


@dataclass(frozen=True)
class Due:
    """A trigger that asks for a run, in words with which numbers; since when, or "": unknown."""

    trigger: Trigger
    since: str
    message: str


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


def due(resource: Resource, observed: Observed, last: LastRun, again: bool = False) -> Due | None:
    """The first that is; `last` is over and was for the spec as it is.

    `again`: it is to be attempted again, which only other images than its own forestall.
    """
    for trigger in (other_images_after_a_failure,) if again else TRIGGERS:
        found = trigger(resource, observed, last)
        if found is not None:
            return found
    return None


def hold(resource: Resource, observed: Observed, last: LastRun) -> Hold | None:
    """The longest, where there are several."""
    held = (budget(resource, observed, last) for budget in BUDGETS)
    return max(filter(None, held), key=lambda item: item.until, default=None)


def other_images_after_a_failure(
    resource: Resource, observed: Observed, last: LastRun
) -> Due | None:
    dataset = observed.dataset
    now = dataset.fingerprint if isinstance(dataset, DatasetSeen) else ""
    if last.state is not RunState.FAILED or not (last.fingerprint and now):
        return None
    if last.fingerprint == now:
        return None
    words = f"the images of {resource.spec.dataset.storage_uri} are others than the failed run's"
    return Due(Trigger.DATASET_CHANGED, "", words)


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


def new_images(resource: Resource, observed: Observed, last: LastRun) -> Due | None:
    """As many as are asked for, of which the newest came a while ago, or that waited long enough.

    A listing that the last run began with is answered, whatever it counts.
    """
    triggers, new, dataset = resource.spec.triggers, _new(observed), observed.dataset
    if triggers.new_images is None or new is None or not isinstance(dataset, DatasetSeen):
        return None
    since, settled = settles(resource, new), f"none for {triggers.quiet} s"
    if not since or new.listed < since or dataset.fingerprint in ("", last.fingerprint):
        return None
    if since < moments.after(new.newest, triggers.quiet):
        settled = f"and they go on coming after maxWaitSeconds, {triggers.max_wait}"
    version = f"{new.since[:VERSION_DIGITS]}…"
    return Due(
        Trigger.NEW_IMAGES,
        since,
        f"{new.count:,} new image{'' if new.count == 1 else 's'} since dataset version {version}, "
        f"{triggers.new_images:,} asked for, {settled}",
    )


def settles(resource: Resource, new: NewObjects) -> str:
    """When they will be enough and quiet if no more come, or have waited for that long enough; ""
    while they are too few. By the endpoint's clock.
    """
    triggers = resource.spec.triggers
    if triggers.new_images is None or not new.enough:
        return ""
    return min(
        moments.after(new.newest, triggers.quiet), moments.after(new.enough, triggers.max_wait)
    )


def next_settled(resource: Resource, observed: Observed) -> str:
    """The same by this clock, where it is to come; "" otherwise."""
    new = _new(observed)
    since = settles(resource, new) if new is not None else ""
    if new is None or not since or since <= new.listed:
        return ""
    return moments.after(observed.now, seconds_until(since, new.listed))


def known_version(observed: Observed, last: LastRun) -> str:
    """The dataset version that new images are held against, or ""; `last` has made one.

    By its model version: the status may be older by a look than the run's end.
    """
    if last.version is not None and last.version.dataset_digest:
        return last.version.dataset_digest
    known = observed.previous.dataset
    return known.version or "" if known is not None else ""


def drift(resource: Resource, observed: Observed, last: LastRun) -> Due | None:
    """Images are as far from the holdout as is asked for, by windows that the last run has not
    answered."""
    above = resource.spec.triggers.drift_above
    served = observed.deployment.target if observed.deployment is not None else None
    if above is None or served is None or _a_successor_comes(observed, last, served):
        return None
    found = image_drift.furthest(observed, _drift_answered_until(observed, last))
    told = image_drift.told(resource, observed)
    if found is None or found.score <= above or told is None:
        return None
    return Due(
        Trigger.DRIFT,
        "",
        f"{image_drift.IN_A_ROW} windows of {told.window} answers in a row of version "
        f"{told.version} reach {told.score:g} times a threshold ({told.statistic}, "
        f"{told.compared_at}), driftAbove is {above:g}",
    )


def _drift_answered_until(observed: Observed, last: LastRun) -> str:
    """A run learns from what there was when it began; what comes after its end counts anew.

    Where it was for drift and its version is not served, the same images came of it: the next day
    is soon enough to ask again.
    """
    ended = _ended(observed, last) or ""
    served = image_drift.served_version(observed)
    is_served = last.version is not None and last.version.version == served
    if not ended or last.trigger != Trigger.DRIFT or is_served:
        return ended
    return moments.after(ended, DRIFT_ANSWERED.total_seconds())


def accuracy_below(resource: Resource, observed: Observed, last: LastRun) -> Due | None:
    """Reviews show it of what serves, however often one looks, and newer ones than the last run.

    What a run began with is answered by it: where its version is not promoted, no other run starts
    before more was reviewed.
    """
    wanted, live = resource.spec.triggers.accuracy_below, observed.live
    served = observed.deployment.target if observed.deployment is not None else None
    if wanted is None or served is None or not isinstance(live, LiveAccuracySeen):
        return None
    shown = live.reviewed >= FEWEST_REVIEWED and live.upper < wanted
    if not shown or _a_successor_comes(observed, last, served):
        return None
    # A clock that is ahead delays a run; it would else start one after the other.
    begun = last.decided or last.started or ""
    if not begun < live.computed_at <= observed.now:
        return None
    return Due(
        Trigger.LIVE_ACCURACY,
        live.computed_at,
        f"{live.right:,} of {live.reviewed:,} reviewed answers of version "
        f"{served.version} are right, so with {live.confidence:.0%} confidence at most "
        f"{live.upper:.1%} of all; accuracyBelow is {wanted:g}",
    )


def _a_successor_comes(observed: Observed, last: LastRun, served: Target) -> bool:
    """Whether another version is being rolled out, or what the last run made is still to be judged
    or waits for a person's word.
    """
    made, registry = last.version, observed.registry
    champion = registry.champion if isinstance(registry, RegistrySeen) else None
    if champion not in (None, served.version):
        return True
    undecided = ("", Verdict.PASSED, Verdict.PROMOTING, Verdict.AWAITING)
    return made is not None and made.target != served and made.verdict in undecided


def _new(observed: Observed) -> NewObjects | None:
    return observed.dataset.new if isinstance(observed.dataset, DatasetSeen) else None


def cooldown(resource: Resource, observed: Observed, last: LastRun) -> Hold | None:
    seconds, ended = resource.spec.triggers.cooldown_seconds, _ended(observed, last)
    until = moments.after(ended or observed.now, seconds)
    if until <= observed.now:
        return None
    words = f"cooldownSeconds is {seconds}, and the last run ended at {ended or 'now'}"
    return Hold(HeldBy.COOLDOWN, until, words)


def _ended(observed: Observed, last: LastRun) -> str | None:
    remembered = observed.previous.training
    if last.finished is None and remembered is not None and remembered.run == last.run:
        return remembered.finished_at
    return last.finished


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


TRIGGERS: tuple[Callable[[Resource, Observed, LastRun], Due | None], ...] = (
    other_images_after_a_failure,
    schedule,
    new_images,
    drift,
    accuracy_below,
)
BUDGETS: tuple[Callable[[Resource, Observed, LastRun], Hold | None], ...] = (
    cooldown,
    weekly_budget,
)
