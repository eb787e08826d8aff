"""A resource with a weekly schedule, and what was seen of it round one Sunday in November."""

from __future__ import annotations

from typing import Any

from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.seen.observed import Observed

import given
from given import seen, status, training

SUNDAYS = "0 3 * * 0"
# 29 November and 6 December are Sundays.
WEDNESDAY, SATURDAY = "2026-11-25T12:00:00Z", "2026-11-28T12:00:00Z"
SUNDAY, DUE, SOON_AFTER = "2026-11-29T02:59:59Z", "2026-11-29T03:00:00Z", "2026-11-29T03:10:00Z"
NEXT_DUE, MUCH_LATER = "2026-12-06T03:00:00Z", "2026-12-16T12:00:00Z"
WEEKLY = given.resource(triggers={"schedule": SUNDAYS})
AWAY = Failure(Reason.REGISTRY_UNREACHABLE, "no answer")
LISTING = Failure(Reason.DATASET_LISTING, "is being listed")


def known(expression: str = SUNDAYS, since: str = WEDNESDAY, **about: Any) -> dict[str, Any]:
    return {"schedule": {"expression": expression, "since": since} | about}


def after(now: str, started: str = WEDNESDAY, state: str = "Succeeded", **about: Any) -> Observed:
    """After one run of the spec; what is not about the run is about what was seen."""
    names = ("dataset", "jobs", "registry")
    beside = {name: about.pop(name) for name in names if name in about}
    memory = about.pop("triggers", known())
    run = training(state=state, **({"startedAt": started, "finishedAt": started} | about))
    return seen(previous=status(training=run, triggers=memory), now=now, **beside)


def weekly(**about: Any) -> Resource:
    top = {name: about.pop(name) for name in ("suspend", "training") if name in about}
    return given.resource(triggers={"schedule": SUNDAYS} | about, **top)
