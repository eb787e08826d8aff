"""Ready: whether a request through the Service gets an answer.

Made last: where nothing answers, the earliest of the other conditions that does not hold is why.
"""

from __future__ import annotations

from dandelion_operator.api import naming
from dandelion_operator.api.reasons import Reason
from dandelion_operator.api.reasons.facts import FALSE, TRUE
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status.conditions import ConditionType
from dandelion_operator.loop.decide.plan import Plan
from dandelion_operator.loop.report.conditions.builder import PartialCondition
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
    before = observed.previous.condition(ConditionType.READY)
    asking = answer is not None and answer.pending
    if asking and before is not None and TRUE in (before.status, rolled[0]):
        # Replicas say that they are ready, and the Service is being asked: nothing new is claimed.
        reason = Reason.known(before.reason) or Reason.NOT_ANSWERING
        return before.status, reason, before.message
    if answer is not None and answer.version is not None and target is not None:
        words = f"version {answer.version} answers"
        if rolled[0] == TRUE and answer.version == target.version:
            return TRUE, Reason.SERVING, words
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
    if answer is None:
        return FALSE, Reason.NOT_ANSWERING, "no replica is ready"
    if answer.no_endpoints:
        name = naming.inference(resource.key)
        return (
            FALSE,
            Reason.NOT_ANSWERING,
            f"{answer.message}: does the Service {name} select them?",
        )
    words = answer.message or f"the Service answers with version {answer.version}, another one"
    return FALSE, Reason.NOT_ANSWERING, words
