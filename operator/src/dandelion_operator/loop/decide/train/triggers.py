"""Whether a trigger starts another run of the same spec now, or what it waits for.

Called by `train` through its facts. Each trigger and each budget is a function of its own in
`seen.conclusions.triggers`; here is the order of what stands in a due trigger's way. What a person
asks for, a changed spec or the annotation, comes past none of this.
"""

from __future__ import annotations

from dataclasses import dataclass

from dandelion_operator.api.reasons import Failure
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.decide.plan.decisions import Acceptance, HeldTrigger
from dandelion_operator.seen.conclusions import triggers
from dandelion_operator.seen.conclusions.last_run import LastRun
from dandelion_operator.seen.conclusions.triggers.budget import HeldBy, Hold
from dandelion_operator.seen.conclusions.triggers.due_trigger import Due
from dandelion_operator.seen.observed import Observed


@dataclass(frozen=True)
class Asked:
    """`fired` starts a run, `held` waits; at most one of them is there."""

    fired: Due | None = None
    held: HeldTrigger | None = None


NOTHING_ASKED = Asked()


def asked(
    resource: Resource, observed: Observed, acceptance: Acceptance, last: LastRun, again: bool
) -> Asked:
    """`last` is over and was for the spec as it is.

    `again`: it failed and is attempted again, so that other images are all that asks for another.
    """
    due = triggers.due(resource, observed, last, again)
    if due is None:
        return NOTHING_ASKED
    held = triggers.hold(resource, observed, last) or _obstacle(resource, observed, acceptance)
    if held is None:
        return Asked(fired=due)
    return Asked(held=HeldTrigger(due, held.reason, held.until, held.message))


def _obstacle(resource: Resource, observed: Observed, acceptance: Acceptance) -> Hold | None:
    """What holds back any run, without a moment at which it ends."""
    for stands, reason, words in (
        (resource.spec.suspend, HeldBy.SUSPENDED, "spec.suspend is true"),
        (not acceptance.accepted, HeldBy.NOT_ACCEPTED, acceptance.message),
        (
            isinstance(observed.registry, Failure),
            HeldBy.REGISTRY_UNREACHABLE,
            "MLflow does not answer",
        ),
        (observed.dataset is None, HeldBy.DATASET_LISTING, "its images are looked at first"),
    ):
        if stands:
            return Hold(reason, "", words)
    return None
