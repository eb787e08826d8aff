"""Roll out?: what it takes that the wanted version serves: Deployment, Service, budget."""

from __future__ import annotations

from dandelion_operator.api import digests, naming
from dandelion_operator.api.location import Location, Target
from dandelion_operator.api.reasons import Failure, Reason, name_taken
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.spec.serving import Auth
from dandelion_operator.loop.decide import contest
from dandelion_operator.loop.decide.plan.actions import Action
from dandelion_operator.loop.decide.plan.children import (
    AdjustDeployment,
    ApplyBudget,
    ApplyDeployment,
    ApplyService,
    RemoveBudget,
)
from dandelion_operator.loop.decide.plan.decisions import RolloutDecision
from dandelion_operator.loop.decide.rollout import ways_in
from dandelion_operator.loop.decide.rollout.adoption import adoption_needed
from dandelion_operator.loop.decide.rollout.target import wanted_target
from dandelion_operator.seen.drift import Drift
from dandelion_operator.seen.keys import TemporaryKey
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.serving import DeploymentSeen

# Fields of the Deployment that are set without a new pod template, and by which part of the action.
ADJUSTABLE = {
    "spec.replicas": "replicas",
    "spec.progressDeadlineSeconds": "progress_deadline_seconds",
    "spec.revisionHistoryLimit": "revision_history_limit",
}


def roll_out(resource: Resource, observed: Observed, location: Location) -> RolloutDecision:
    target, obstacle = wanted_target(observed)
    obstacle = adoption_needed(resource, observed) or obstacle
    if target is None:
        return RolloutDecision(None, obstacle)
    blocked = (
        _foreign(resource, observed)
        or _auth_obstacle(resource, location)
        or _keys_obstacle(resource, observed, location, target)
    )
    if blocked is not None:
        return RolloutDecision(target, blocked)
    return RolloutDecision(
        target,
        obstacle,
        contested=_contested(resource, observed, location, target),
        actions=_service(resource, observed)
        + _deployment(resource, observed, location, target)
        + _budget(resource, observed)
        + ways_in.actions(resource, observed, location),
    )


def _foreign(resource: Resource, observed: Observed) -> Failure | None:
    name = naming.inference(resource.key)
    for kind, child in (("Deployment", observed.deployment), ("Service", observed.service)):
        if child is not None and not child.ours:
            return name_taken(kind, name)
    return None


def _auth_obstacle(resource: Resource, location: Location) -> Failure | None:
    """Pods that have nobody to ask who calls would refuse everybody."""
    if resource.spec.serving.auth is not Auth.CLUSTER_TOKENS or location.token_reviewer:
        return None
    return Failure(
        Reason.AUTH_UNAVAILABLE,
        "this installation has no token reviewer: install the chart with rbac.clusterTokens=true, "
        "or write spec.serving.auth: None",
    )


def _keys_obstacle(
    resource: Resource, observed: Observed, location: Location, target: Target
) -> Failure | None:
    """New pods could not mount a Secret that is missing: what serves stays as it is."""
    if observed.deployment is None:
        return None
    out_of_date = _deployment_is_out_of_date(resource, observed, location, target)
    return observed.credentials if out_of_date else None


def _service(resource: Resource, observed: Observed) -> tuple[Action, ...]:
    drift = observed.drift("Service")
    if not contest.writes(drift, _service_is_out_of_date(resource, observed)):
        return ()
    return (ApplyService(contest.corrected(drift)),)


def _service_is_out_of_date(resource: Resource, observed: Observed) -> bool:
    return observed.service is None or observed.service.digest != digests.service(resource)


def _budget(resource: Resource, observed: Observed) -> tuple[Action, ...]:
    """Of one pod there is nothing to keep: a budget would only hold up whoever drains its node."""
    budget, drift = observed.budget, observed.drift("PodDisruptionBudget")
    if budget.exists and not budget.ours:
        return ()
    if not _budget_is_wanted(resource, observed):
        return (RemoveBudget(),) if budget.exists else ()
    if not contest.writes(drift, _budget_is_out_of_date(resource, observed)):
        return ()
    return (ApplyBudget(contest.corrected(drift)),)


def _budget_is_wanted(resource: Resource, observed: Observed) -> bool:
    deployment, replicas = observed.deployment, resource.spec.serving.replicas
    if deployment is not None and deployment.scaled_by:
        replicas = deployment.wanted_replicas
    return replicas >= 2 and not observed.budget.another_covers


def _budget_is_out_of_date(resource: Resource, observed: Observed) -> bool:
    return observed.budget.digest != digests.budget(resource)


def _deployment(
    resource: Resource, observed: Observed, location: Location, target: Target
) -> tuple[Action, ...]:
    deployment, drift = observed.deployment, observed.drift("Deployment")
    out_of_date = _deployment_is_out_of_date(resource, observed, location, target)
    if contest.writes(drift, out_of_date) and not (
        not out_of_date and set(drift.fields) <= ADJUSTABLE.keys()
    ):
        scaled_by = deployment.scaled_by if deployment is not None else ""
        return (ApplyDeployment(target, not scaled_by, contest.corrected(drift)),)
    if deployment is None or drift.rival_came_back:
        return ()
    return _adjusted(resource, deployment, drift)


def _deployment_is_out_of_date(
    resource: Resource, observed: Observed, location: Location, target: Target
) -> bool:
    deployment = observed.deployment
    if deployment is None:
        return True
    if deployment.serving_digest != digests.serving(resource, target, location):
        return True
    if _cannot_use_its_keys(observed, deployment):
        return True
    if deployment.by_account != location.serving_goes_by_account:
        return True
    edited_by_hand = deployment.target != target
    return edited_by_hand and not observed.drift("Deployment").fields


def _cannot_use_its_keys(observed: Observed, deployment: DeploymentSeen) -> bool:
    """Pods of a former release know no session token. They stay for as long as the shared key does,
    so that an upgrade restarts none, unless the installation insists.
    """
    if deployment.takes_session_token:
        return False
    used = (naming.INFERENCE, naming.LOG) if deployment.mounts_log_key else (naming.INFERENCE,)
    looks = (observed.keys.get(purpose) for purpose in used)
    return any(
        look.seen.temporary or (look.insists and isinstance(look.given, TemporaryKey))
        for look in looks
        if look is not None
    )


def _adjusted(
    resource: Resource, deployment: DeploymentSeen, drift: Drift
) -> tuple[AdjustDeployment, ...]:
    """What an autoscaler sets, or somebody who set it again after it was put right, stays."""
    wanted = {
        "replicas": resource.spec.serving.replicas,
        "progress_deadline_seconds": resource.spec.rollout.progress_deadline_seconds,
        "revision_history_limit": resource.spec.rollout.revision_history_limit,
    }
    left = {ADJUSTABLE[name] for name in drift.fields if name in ADJUSTABLE and drift.contested}
    if deployment.scaled_by:
        left.add("replicas")
    seen = {
        "replicas": deployment.wanted_replicas,
        "progress_deadline_seconds": deployment.progress_deadline_seconds or 0,
        "revision_history_limit": deployment.revision_history_limit or 0,
    }
    if all(wanted[name] == seen[name] for name in wanted if name not in left):
        return ()
    told = {name: None if name in left else value for name, value in wanted.items()}
    noted = contest.corrected(drift) if set(drift.fields) & ADJUSTABLE.keys() else drift.corrected
    return (AdjustDeployment(**told, corrected=noted),)


def _contested(
    resource: Resource, observed: Observed, location: Location, target: Target
) -> tuple[str, ...]:
    name = naming.inference(resource.key)
    stale = {
        "Deployment": _deployment_is_out_of_date(resource, observed, location, target),
        "Service": _service_is_out_of_date(resource, observed),
    }
    if _budget_is_wanted(resource, observed):
        stale["PodDisruptionBudget"] = _budget_is_out_of_date(resource, observed)
    stale |= ways_in.stale(resource, observed, location)
    return tuple(
        words
        for kind, out_of_date in stale.items()
        for words in contest.words(kind, name, observed.drift(kind), out_of_date)
    )
