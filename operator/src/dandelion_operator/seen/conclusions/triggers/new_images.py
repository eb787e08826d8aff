"""Whether enough images have come since the last dataset version, and no more are coming."""

from __future__ import annotations

from dandelion_operator.api import moments
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.spec.triggers import Trigger
from dandelion_operator.seen.conclusions.attempts import seconds_until
from dandelion_operator.seen.conclusions.last_run import LastRun
from dandelion_operator.seen.conclusions.triggers.due_trigger import Due
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import DatasetSeen, NewObjects

VERSION_DIGITS = len("sha256:") + 8


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


def _new(observed: Observed) -> NewObjects | None:
    return observed.dataset.new if isinstance(observed.dataset, DatasetSeen) else None
