"""Ready: whether a request through the Service gets an answer.

Made last: where nothing answers, the earliest of the other conditions that does not hold is why.
"""

from __future__ import annotations

from dandelion_operator.api.reasons import Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status import ConditionType
from dandelion_operator.loop.decide.plan import Plan
from dandelion_operator.loop.report.conditions.builder import FALSE, TRUE, PartialCondition
from dandelion_operator.seen.observed import Observed


def ready(
    resource: Resource,
    observed: Observed,
    plan: Plan,
    others: dict[ConditionType, PartialCondition],
) -> PartialCondition:
    target, answer = plan.rollout.target, observed.answer
    rolled = others[ConditionType.ROLLED_OUT]
    if observed.deployment is not None and resource.spec.serving.replicas == 0:
        return FALSE, Reason.SCALED_TO_ZERO, "serving.replicas is 0: nothing answers"
    if answer is not None and answer.version is not None and target is not None:
        words = f"version {answer.version} answers"
        if rolled[0] == TRUE and answer.version == target.version:
            return TRUE, Reason.SERVING, words
        before = observed.previous.condition(ConditionType.READY)
        if before is not None and before.status == TRUE:
            more = f"; {rolled[2]}" if rolled[0] != TRUE else ""
            return TRUE, Reason.SERVING, words + more
    # The earliest link of the chain that is broken is the cause of all that come after it.
    nothing_deployed = observed.deployment is None
    chain = (ConditionType.ACCEPTED, ConditionType.TRAINED, ConditionType.PROMOTED)
    for kind in (
        (*chain, ConditionType.ROLLED_OUT) if nothing_deployed else (ConditionType.ROLLED_OUT,)
    ):
        status, reason, message = others[kind]
        if status != TRUE:
            return FALSE, reason, message
    return FALSE, Reason.NOT_ANSWERING, answer.message if answer else "no replica is ready"
