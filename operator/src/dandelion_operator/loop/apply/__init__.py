"""Carries a plan out: every action of it becomes one idempotent write.

Concerns are independent: a Job that a quota refuses does not keep a rollout from going on. Within a
concern the order counts, so the first refusal ends it. Called by `reconcile`.
"""

from __future__ import annotations

from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.api.location import Location
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.apply import builders
from dandelion_operator.loop.decide.plan import (
    Action,
    AdjustDeployment,
    ApplyAccount,
    ApplyBudget,
    ApplyDeployment,
    ApplyService,
    BindTokenReviewers,
    Plan,
    RefreshSecret,
    Refusal,
    RemoveAlias,
    RemoveBudget,
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
    POD_DISRUPTION_BUDGET,
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
    refusals = []
    for concern in plan.concerns:
        for action in concern:
            try:
                await carry_out(action, resource, location, clients)
            except (ClusterError, RegistryError) as error:
                for_good = isinstance(error, ClusterError) and error.refused
                refusals.append(Refusal(action, str(error), for_good))
                break
    return tuple(refusals)


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
        case RemoveAlias(alias):
            await registry.remove_alias(model, alias)
        case RefreshSecret(purpose):
            credentials = from_folder(defaults.credentials_dirs[purpose])
            secret = builders.credentials_secret(resource, purpose, credentials)
            await cluster.apply(SECRET, secret)
        case ApplyService():
            await cluster.apply(SERVICE, builders.service(resource))
        case ApplyBudget():
            await cluster.apply(POD_DISRUPTION_BUDGET, builders.disruption_budget(resource))
        case RemoveBudget():
            await cluster.delete(POD_DISRUPTION_BUDGET, namespace, naming.inference(key))
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
