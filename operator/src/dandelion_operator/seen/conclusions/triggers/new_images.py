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
    since, settled = settles(resource, observed, new), f"none for {triggers.quiet} s"
    if not since or new.listed < since or dataset.fingerprint in ("", last.fingerprint):
        return None
    if since < moments.after(new.newest, triggers.quiet):
        settled = f"and they go on coming after maxWaitSeconds, {triggers.max_wait}"
    version = f"{new.since[:VERSION_DIGITS]}…"
    of_table = f", {new.addresses:,} of them at addresses," if new.addresses else ""
    return Due(
        Trigger.NEW_IMAGES,
        since,
        f"{new.count:,} new image{'' if new.count == 1 else 's'}{of_table} since dataset version "
        f"{version}, {triggers.new_images:,} asked for, {settled}",
    )


def settles(resource: Resource, observed: Observed, new: NewObjects) -> str:
    """When they will be enough and quiet if no more come, or have waited for that long enough; ""
    while they are too few. By the endpoint's clock.
    """
    triggers, enough = resource.spec.triggers, enough_since(observed, new)
    if triggers.new_images is None or not enough:
        return ""
    return min(moments.after(new.newest, triggers.quiet), moments.after(enough, triggers.max_wait))


def enough_since(observed: Observed, new: NewObjects) -> str:
    """When there were enough, or "". A table that is written anew makes all of its new lines as
    new as itself, so the first moment that was seen is remembered.
    """
    before = observed.previous.triggers
    known = before.enough_images if before is not None else None
    if not new.enough or known is None or known.dataset_version != new.since:
        return new.enough
    return min(known.since, new.enough)


def next_settled(resource: Resource, observed: Observed) -> str:
    """The same by this clock, where it is to come; "" otherwise."""
    new = _new(observed)
    since = settles(resource, observed, new) if new is not None else ""
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
