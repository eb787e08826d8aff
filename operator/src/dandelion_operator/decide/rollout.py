"""Roll out?: which version the inference Deployment is to serve, and what that takes.

Whatever cannot be established (registry away, alias gone, artifact broken) keeps the version that
serves; only a champion whose artifact was verified replaces it.
"""

from __future__ import annotations

from dandelion_operator import digests, naming
from dandelion_operator.location import Location, Target
from dandelion_operator.observed import Observed
from dandelion_operator.plan import (
    Action,
    AdjustDeployment,
    ApplyAccount,
    ApplyDeployment,
    ApplyService,
    BindTokenReviewers,
    RolloutDecision,
)
from dandelion_operator.reasons import Failure, Reason
from dandelion_operator.resource import Auth, Resource


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
        + _deployment(resource, observed, location, target),
    )


def wanted_target(observed: Observed) -> tuple[Target | None, Failure | None]:
    """The version to serve, and what stands against the champion where that is not it."""
    deployed = observed.deployment.target if observed.deployment is not None else None
    registry = observed.registry
    if isinstance(registry, Failure):
        return deployed, registry
    if registry.champion is None:
        if registry.versions:
            return deployed, Failure(
                Reason.ALIAS_MISSING,
                "no version has the alias champion; what serves goes on serving",
            )
        return deployed, Failure(Reason.NO_VERSION, "no version has been registered yet")
    champion = registry.version(registry.champion)
    if champion is None:
        return deployed, Failure(
            Reason.ARTIFACT_REJECTED,
            f"the alias champion names version {registry.champion}, which does not exist",
        )
    if deployed is not None and deployed == champion.target:
        return deployed, None
    artifact = observed.artifacts.get(champion.version)
    if artifact is None:
        artifact = Failure(Reason.STORAGE_UNREACHABLE, "its artifact has not been looked at yet")
    if isinstance(artifact, Failure):
        return deployed, Failure(
            artifact.reason, f"version {champion.version} cannot be served: {artifact.message}"
        )
    return champion.target, None


def _foreign(resource: Resource, observed: Observed) -> Failure | None:
    name = naming.inference(resource.key)
    for kind, child in (("Deployment", observed.deployment), ("Service", observed.service)):
        if child is not None and not child.ours:
            return Failure(
                Reason.NAME_TAKEN,
                f"the {kind} {name} belongs to somebody else; delete it, or rename one of the two",
            )
    return None


def _auth_obstacle(resource: Resource, observed: Observed) -> Failure | None:
    account = observed.account
    if resource.spec.serving.auth is not Auth.CLUSTER_TOKENS:
        return None
    if isinstance(account, Failure):
        return account
    if account.exists and not account.ours:
        return Failure(
            Reason.NAME_TAKEN,
            f"the ServiceAccount {naming.inference(resource.key)} belongs to somebody else; "
            "delete it, or rename one of the two",
        )
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
