"""What is told of what was seen: the status, and a condition's state and words."""

from __future__ import annotations

from typing import Any

import given
from dandelion_operator.api.reasons import Reason
from dandelion_operator.api.reasons.facts import FALSE
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status import Status
from dandelion_operator.api.status.conditions import Condition, ConditionType
from dandelion_operator.loop.decide import decide
from dandelion_operator.loop.decide.plan import Refusal
from dandelion_operator.loop.report import report
from dandelion_operator.seen.observed import Observed
from given import NOW, resource, serving, status

PLAIN = resource()
READY = {"type": "Ready", "status": "True", "reason": "Serving", "lastTransitionTime": NOW}


def told(
    observed: Observed,
    wanted: Resource = PLAIN,
    now: str = NOW,
    refusals: tuple[Refusal, ...] = (),
) -> Status:
    decided = decide(wanted, observed, given.place(wanted))
    return report(wanted, observed, decided, refusals, now)


def words(found: Status, kind: str) -> tuple[str, str]:
    condition = found.condition(ConditionType(kind))
    assert condition is not None
    return condition.status, condition.reason


def message(found: Status, kind: str) -> str:
    condition = found.condition(ConditionType(kind))
    assert condition is not None
    return condition.message


def may_be_told(condition: Condition) -> bool:
    """Whether the reason's record knows it in this condition with this status.

    Ready repeats, as False, what keeps everybody from an answer.
    """
    reason = Reason.known(condition.reason)
    if reason is None:
        return False
    facts = reason.facts
    known = (facts.stands, facts.also)
    repeated = (condition.type, condition.status) == (ConditionType.READY, FALSE)
    return repeated or condition.status in [stands.get(condition.type) for stands in known]


def was_ready(number: int, **about: Any) -> Observed:
    before = status(champion={"version": str(number)}, conditions=[READY])
    return serving(number, previous=before, **about)
