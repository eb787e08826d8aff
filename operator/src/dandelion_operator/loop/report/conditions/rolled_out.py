"""RolledOut: whether every replica serves the champion, and what holds it up."""

from __future__ import annotations

from collections.abc import Sequence

from dandelion_operator.api import naming
from dandelion_operator.api.reasons import Reason
from dandelion_operator.api.reasons.facts import FALSE, TRUE, UNKNOWN
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status.conditions import ConditionType
from dandelion_operator.loop.decide.plan import Plan, Refusal
from dandelion_operator.loop.decide.plan.children import (
    AddSigningKey,
    AdjustDeployment,
    ApplyBudget,
    ApplyDeployment,
    ApplyIngress,
    ApplyPolicy,
    ApplyRoute,
    ApplyS3Account,
    ApplyService,
    RefreshSecret,
    RemoveBudget,
    RemoveIngress,
    RemovePolicy,
    RemoveRoute,
)
from dandelion_operator.loop.report.conditions.builder import PartialCondition
from dandelion_operator.seen.conclusions.waiting import PENDING_REASONS
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.serving import DeploymentSeen

CHILDREN = (
    ApplyDeployment,
    ApplyService,
    ApplyBudget,
    RemoveBudget,
    AdjustDeployment,
    ApplyPolicy,
    RemovePolicy,
)
# They tell nothing of what is rolled out, where something is.
OF_THE_REGISTRY = (Reason.REGISTRY_UNREACHABLE, Reason.ALIAS_MISSING, Reason.NO_VERSION)
# Without them no pod that serves can start.
OF_SERVING = (
    RefreshSecret(naming.INFERENCE),
    RefreshSecret(naming.LOG),
    ApplyS3Account(naming.INFERENCE),
    AddSigningKey(naming.LOG),
)


def rolled_out(
    resource: Resource, observed: Observed, plan: Plan, refusals: Sequence[Refusal]
) -> PartialCondition:
    status, reason, message = _rolled_out(resource, observed, plan, refusals)
    deployment, contested = observed.deployment, "; ".join(plan.rollout.contested)
    if deployment is not None and deployment.scaled_by and status == TRUE:
        message += f"; its replicas are set by {deployment.scaled_by}"
    if status == TRUE:
        message += _without_a_way_in(observed, refusals)
    if not contested:
        return status, reason, message
    of_others = deployment is not None and deployment.target != plan.rollout.target
    if reason is Reason.PROGRESSING and of_others:
        return FALSE, Reason.CONTESTED, contested
    return status, Reason.CONTESTED if status == TRUE else reason, f"{message}; {contested}"


def _rolled_out(
    resource: Resource, observed: Observed, plan: Plan, refusals: Sequence[Refusal]
) -> PartialCondition:
    target, obstacle = plan.rollout.target, plan.rollout.obstacle
    for refusal in refusals:
        if isinstance(refusal.action, CHILDREN) or refusal.action in OF_SERVING:
            reason = Reason.NAME_TAKEN if refusal.name_taken else Reason.CHILD_REFUSED
            return FALSE, reason, refusal.message
    if obstacle is not None and obstacle.reason not in OF_THE_REGISTRY:
        return _told(obstacle.reason, obstacle.message)
    deployment = observed.deployment
    if target is None or deployment is None:
        waiting = plan.promote.waiting
        if obstacle is not None and obstacle.reason is Reason.ALIAS_MISSING and waiting is not None:
            # Nobody took the alias away: the first version could not be judged yet.
            return _told(waiting.reason, plan.promote.message)
        if obstacle is not None:
            return _told(obstacle.reason, obstacle.message)
        return UNKNOWN, Reason.PROGRESSING, "the Deployment is being created"
    if resource.spec.serving.replicas == 0 and observed.serves_only(target):
        return TRUE, Reason.SCALED_TO_ZERO, "serving.replicas is 0"
    count = f"{deployment.available} of {deployment.wanted_replicas} replicas"
    if observed.serves_only(target):
        words = f"{count} serve version {target.version}"
        words += _unreachable(resource, observed) + _paused(resource, deployment, "; ")
        return TRUE, Reason.REPLICAS_AVAILABLE, words
    return _unfinished(resource, observed, deployment, target.version)


def _without_a_way_in(observed: Observed, refusals: Sequence[Refusal]) -> str:
    """It serves in the cluster all the same."""
    words = ""
    for name, seen, actions in (
        ("route", observed.route, (ApplyRoute, RemoveRoute)),
        ("Ingress", observed.ingress, (ApplyIngress, RemoveIngress)),
    ):
        refused = (item.message for item in refusals if isinstance(item.action, actions))
        trouble = next(refused, seen.trouble)
        words += f"; its {name} from outside: {trouble}" if trouble else ""
    return words


def _told(reason: Reason, message: str) -> PartialCondition:
    return reason.status(ConditionType.ROLLED_OUT), reason, message


def _unreachable(resource: Resource, observed: Observed) -> str:
    """Replicas may be ready behind a Service that selects none of them."""
    answer, name = observed.answer, naming.inference(resource.key)
    if answer is None or answer.pending or not answer.no_endpoints:
        return ""
    return f"; the Service {name} has no ready endpoints"


def _paused(resource: Resource, deployment: DeploymentSeen, before: str = "") -> str:
    name = naming.inference(resource.key)
    if not deployment.paused_by:
        return ""
    return (
        f"{before}the Deployment {name} is paused by {deployment.paused_by}, so no other version "
        f"is rolled out until kubectl rollout resume deployment/{name}"
    )


def _unfinished(
    resource: Resource, observed: Observed, deployment: DeploymentSeen, version: int
) -> PartialCondition:
    new = [pod for pod in observed.pods if pod.version == version and not pod.deleting]
    serving = sum(pod.ready for pod in new)
    words = f"{serving} of {deployment.wanted_replicas} replicas serve version {version}"
    leaving = observed.pods_left(version)
    if leaving:
        words += f", {leaving} of another version left"
    troubled = next((pod for pod in new if not pod.ready and pod.reason), None)
    reason = Reason.PROGRESSING
    if troubled is not None:
        words += f"; pod {troubled.name}: {troubled.reason}: {troubled.message or ''}".rstrip(": ")
        reason = PENDING_REASONS.get(str(troubled.reason), reason)
    elif deployment.refused:
        words += f"; {deployment.refused}"
        reason = Reason.PODS_REFUSED
    elif deployment.evicted:
        words += f"; a pod was evicted: {deployment.evicted}"
        reason = Reason.EVICTED
    if troubled is not None and troubled.permanent:
        return FALSE, Reason.ARTIFACT_REJECTED, words
    if deployment.paused_by:
        return FALSE, Reason.PAUSED, f"{_paused(resource, deployment)}; {words}"
    if deployment.deadline_exceeded:
        return FALSE, Reason.PROGRESS_DEADLINE_EXCEEDED, words
    return UNKNOWN, reason, words
