"""Whether reviews show what serves to be right too seldom."""

from __future__ import annotations

from dandelion_operator.api.resource import Resource
from dandelion_operator.api.spec.triggers import Trigger
from dandelion_operator.seen.conclusions.last_run import LastRun
from dandelion_operator.seen.conclusions.triggers.due_trigger import Due
from dandelion_operator.seen.conclusions.triggers.successor import a_successor_comes
from dandelion_operator.seen.live import LiveAccuracySeen
from dandelion_operator.seen.observed import Observed

# Fewer start nothing, whatever their interval: a handful may all be of one burst or one person.
FEWEST_REVIEWED = 20


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
    if not shown or a_successor_comes(observed, last, served):
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
