"""Whether images have drifted as far as is asked for."""

from __future__ import annotations

from datetime import timedelta

from dandelion_operator.api import moments
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.spec.triggers import Trigger
from dandelion_operator.seen.conclusions import image_drift
from dandelion_operator.seen.conclusions.last_run import LastRun, ended_at
from dandelion_operator.seen.conclusions.triggers.due_trigger import Due
from dandelion_operator.seen.conclusions.triggers.successor import a_successor_comes
from dandelion_operator.seen.observed import Observed

# For so long a run that drift started has answered it, where its version is not served.
DRIFT_ANSWERED = timedelta(days=1)


def drift(resource: Resource, observed: Observed, last: LastRun) -> Due | None:
    """Images are as far from the holdout as is asked for, by windows that the last run has not
    answered."""
    above = resource.spec.triggers.drift_above
    served = observed.deployment.target if observed.deployment is not None else None
    if above is None or served is None or a_successor_comes(observed, last, served):
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
    ended = ended_at(observed, last) or ""
    served = image_drift.served_version(observed)
    is_served = last.version is not None and last.version.version == served
    if not ended or last.trigger != Trigger.DRIFT or is_served:
        return ended
    return moments.after(ended, DRIFT_ANSWERED.total_seconds())
