"""Which trigger asks for another run of the same spec, and how long its budget holds it back. Pure.

What is compared is state: a moment with the start of the last run, a listing with the one that it
began with. So nothing is lost while the operator is away or a run goes on, and however often a
trigger fired meanwhile, one run answers it. Asked by `observe` (is a listing needed?), by `train`
and by `report`.
"""

from __future__ import annotations

from collections.abc import Callable

from dandelion_operator.api.resource import Resource
from dandelion_operator.seen.conclusions.last_run import LastRun
from dandelion_operator.seen.conclusions.triggers.budget import Hold, cooldown, weekly_budget
from dandelion_operator.seen.conclusions.triggers.dataset_changed import (
    other_images_after_a_failure,
)
from dandelion_operator.seen.conclusions.triggers.drift import drift
from dandelion_operator.seen.conclusions.triggers.due_trigger import Due
from dandelion_operator.seen.conclusions.triggers.live_accuracy import accuracy_below
from dandelion_operator.seen.conclusions.triggers.new_images import new_images
from dandelion_operator.seen.conclusions.triggers.schedule import schedule
from dandelion_operator.seen.observed import Observed


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
