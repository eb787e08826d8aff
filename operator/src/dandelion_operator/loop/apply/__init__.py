"""Carries a plan out: every action of it becomes one idempotent write.

Concerns are independent: a Job that a quota refuses does not keep a rollout from going on. Within a
concern the order counts, so the first refusal ends it. Called by `reconcile`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.api.location import Location
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.apply import builders
from dandelion_operator.loop.decide.plan import (
    Action,
    AdjustDeployment,
    ApplyAccount,
    ApplyDeployment,
    ApplyService,
    BeginRestoring,
    BindTokenReviewers,
    ConfirmAlias,
    EndRestoring,
    Plan,
    RefreshSecret,
    Refusal,
    RegisterVersion,
    RemoveAlias,
    RemoveJob,
    SetAlias,
    SetVerdict,
    StartEvaluation,
    StartTraining,
    SuspendJob,
)
from dandelion_operator.ports.clients import Clients
from dandelion_operator.ports.kube.cluster import Cluster, ClusterError, ConflictError
from dandelion_operator.ports.kube.objects import (
    DEPLOYMENT,
    JOB,
    SECRET,
    SERVICE,
    SERVICE_ACCOUNT,
    is_owned,
)
from dandelion_operator.ports.registry import RegistryError
from dandelion_operator.ports.s3.credentials import from_folder


async def apply(
    plan: Plan, resource: Resource, location: Location, clients: Clients
) -> tuple[Refusal, ...]:
    """Ends with a promotion that was carried out: it is told before anything else is written.

    Raises AliasMovedError where somebody moved the alias since it was read.
    """
    refusals: list[Refusal] = []
    for concern in plan.concerns:
        for action in concern:
            try:
                await carry_out(action, resource, location, clients)
            except (ClusterError, RegistryError) as error:
                for_good = isinstance(error, ClusterError) and error.refused
                refusals.append(Refusal(action, str(error), for_good))
                break
        if concern is plan.promote.actions and promoted(plan, refusals):
            break
    return tuple(refusals)


def promoted(plan: Plan, refusals: Sequence[Refusal]) -> bool:
    """Whether the plan holds a promotion, and all of it was carried out."""
    return plan.promote.promotion is not None and not any(
        refusal.action in plan.promote.actions for refusal in refusals
    )


async def carry_out(
    action: Action, resource: Resource, location: Location, clients: Clients
) -> None:
    key, cluster, registry = resource.key, clients.cluster, clients.registry
    namespace, model = key.namespace, naming.registered_model(resource.key)
    defaults = clients.defaults
    match action:
        case StartTraining():
            wanted = builders.job(resource, action, location, defaults)
            await _create_job(wanted, resource, cluster)
        case StartEvaluation():
            wanted = builders.evaluation_job(resource, action, location, defaults)
            await _create_job(wanted, resource, cluster)
        case RemoveJob(job):
            await cluster.delete(JOB, namespace, job)
        case SuspendJob(job, suspend):
            await cluster.patch(JOB, namespace, job, {"spec": {"suspend": suspend}})
        case SetVerdict():
            tags = {
                "verdict-reason": action.reason,
                "gate": action.gate,
                "replaces": action.replaces,
                "verdict": action.verdict,  # last: it is the one that counts
            }
            await registry.set_tags(model, action.version, tags)
        case SetAlias(alias, version):
            await registry.set_alias(model, alias, version)
        case BeginRestoring():
            await registry.begin_restoring(model)
        case RegisterVersion():
            await registry.register(model, action.artifact.source, _tags(action))
        case EndRestoring():
            await registry.end_restoring(model)
        case ConfirmAlias(alias, version):
            await registry.confirm_alias(model, alias, version)
        case RemoveAlias(alias):
            await registry.remove_alias(model, alias)
        case RefreshSecret(purpose):
            credentials = from_folder(defaults.credentials_dirs[purpose])
            secret = builders.credentials_secret(resource, purpose, credentials)
            await cluster.apply(SECRET, secret)
        case ApplyService():
            await cluster.apply(SERVICE, builders.service(resource))
        case ApplyAccount():
            await cluster.apply(SERVICE_ACCOUNT, builders.service_account(resource))
        case BindTokenReviewers():
            await clients.reviewers.bring_up_to_date()
        case ApplyDeployment(target):
            wanted = builders.deployment(resource, target, location, defaults)
            await cluster.apply(DEPLOYMENT, wanted)
        case AdjustDeployment():
            fields = {
                "replicas": action.replicas,
                "progressDeadlineSeconds": action.progress_deadline_seconds,
                "revisionHistoryLimit": action.revision_history_limit,
            }
            await cluster.patch(DEPLOYMENT, namespace, naming.inference(key), {"spec": fields})


def _tags(action: RegisterVersion) -> dict[str, str]:
    artifact = action.artifact
    return {
        "run": artifact.run,
        "training-hash": action.training_hash,
        "dataset-digest": artifact.dataset_digest,
        "contract-digest": artifact.contract_digest,
        "image": artifact.image,
        "git-revision": artifact.git_revision,
        "precision": artifact.precision,
        "verdict": action.verdict,
        "verdict-reason": action.reason,
    }


async def _create_job(wanted: dict[str, Any], resource: Resource, cluster: Cluster) -> None:
    """Or find it: its name says all that it is."""
    try:
        await cluster.create(JOB, wanted)
    except ConflictError:
        name = wanted["metadata"]["name"]
        there = await cluster.get(JOB, resource.namespace, name)
        if there is not None and not is_owned(there, resource.uid):
            raise ClusterError(
                422, f"a Job {name} exists and belongs to somebody else; delete it"
            ) from None
