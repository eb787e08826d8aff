"""Roll out?: what it takes that the wanted version serves: Deployment, Service, rights."""

from __future__ import annotations

from dandelion_operator.api import digests, naming
from dandelion_operator.api.location import Location, Target
from dandelion_operator.api.reasons import Failure, name_taken
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.spec import Auth
from dandelion_operator.loop.decide.plan import (
    Action,
    AdjustDeployment,
    ApplyAccount,
    ApplyBudget,
    ApplyDeployment,
    ApplyService,
    BindTokenReviewers,
    RemoveBudget,
    RolloutDecision,
)
from dandelion_operator.loop.decide.rollout.target import wanted_target
from dandelion_operator.seen.observed import Observed


def roll_out(resource: Resource, observed: Observed, location: Location) -> RolloutDecision:
    target, obstacle = wanted_target(observed)
    if target is None:
        return RolloutDecision(None, obstacle)
    blocked = _foreign(resource, observed) or _auth_obstacle(resource, observed)
    if blocked is not None:
        return RolloutDecision(target, blocked)
    return RolloutDecision(
        target,
        obstacle,
        # Pods that may not ask who calls would refuse everybody: their rights come before them.
        actions=_service(resource, observed)
        + _rights(resource, observed)
        + _deployment(resource, observed, location, target)
        + _budget(resource, observed),
    )


def _foreign(resource: Resource, observed: Observed) -> Failure | None:
    name = naming.inference(resource.key)
    for kind, child in (("Deployment", observed.deployment), ("Service", observed.service)):
        if child is not None and not child.ours:
            return name_taken(kind, name)
    return None


def _auth_obstacle(resource: Resource, observed: Observed) -> Failure | None:
    account = observed.account
    if resource.spec.serving.auth is not Auth.CLUSTER_TOKENS:
        return None
    if isinstance(account, Failure):
        return account
    if account.exists and not account.ours:
        return name_taken("ServiceAccount", naming.inference(resource.key))
    return None


def _rights(resource: Resource, observed: Observed) -> tuple[Action, ...]:
    account = observed.account
    if resource.spec.serving.auth is not Auth.CLUSTER_TOKENS or isinstance(account, Failure):
        return ()
    made: tuple[Action, ...] = () if account.exists else (ApplyAccount(),)
    bound: tuple[Action, ...] = () if account.may_review else (BindTokenReviewers(),)
    return made + bound


def _service(resource: Resource, observed: Observed) -> tuple[Action, ...]:
    current = observed.service is not None and observed.service.digest == digests.service(resource)
    return () if current else (ApplyService(),)


def _budget(resource: Resource, observed: Observed) -> tuple[Action, ...]:
    """Of one pod there is nothing to keep: a budget would only hold up whoever drains its node."""
    budget = observed.budget
    if resource.spec.serving.replicas < 2 or budget.another_covers:
        return (RemoveBudget(),) if budget.exists and budget.ours else ()
    if budget.exists and (not budget.ours or budget.digest == digests.budget(resource)):
        return ()
    return (ApplyBudget(),)


def _deployment(
    resource: Resource, observed: Observed, location: Location, target: Target
) -> tuple[Action, ...]:
    deployment, rollout = observed.deployment, resource.spec.rollout
    wanted = digests.serving(resource, target, location)
    if (
        deployment is None
        or deployment.serving_digest != wanted
        or deployment.target != target  # somebody edited the pod template by hand
    ):
        return (ApplyDeployment(target),)
    adjusted = AdjustDeployment(
        replicas=resource.spec.serving.replicas,
        progress_deadline_seconds=rollout.progress_deadline_seconds,
        revision_history_limit=rollout.revision_history_limit,
    )
    seen = AdjustDeployment(
        replicas=deployment.wanted_replicas,
        progress_deadline_seconds=deployment.progress_deadline_seconds or 0,
        revision_history_limit=deployment.revision_history_limit or 0,
    )
    return () if seen == adjusted else (adjusted,)
