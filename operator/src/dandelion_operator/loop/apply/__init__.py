"""Carries a plan out: every action of it becomes one idempotent write.

Concerns are independent: a Job that a quota refuses does not keep a rollout from going on. Within a
concern the order counts, so the first refusal ends it. Called by `reconcile`.
"""

from __future__ import annotations

from collections.abc import Sequence

from dandelion_operator.api import naming
from dandelion_operator.api.location import Location
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.apply import builders
from dandelion_operator.loop.apply.children import (
    NameTakenError,
    apply_child,
    child,
    create_job,
    let_in,
    notes,
    with_notes,
)
from dandelion_operator.loop.decide.plan import Plan, Refusal
from dandelion_operator.loop.decide.plan.actions import Action
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
from dandelion_operator.loop.decide.plan.jobs import (
    ExpireJob,
    RemoveJob,
    StartEvaluation,
    StartIngest,
    StartTraining,
    SuspendJob,
)
from dandelion_operator.loop.decide.plan.versions import (
    BeginRestoring,
    ConfirmAlias,
    EndRestoring,
    RegisterVersion,
    RemoveAlias,
    SetAlias,
    SetVerdict,
)
from dandelion_operator.ports.clients import Clients
from dandelion_operator.ports.kube.cluster import ClusterError
from dandelion_operator.ports.kube.objects import (
    DEPLOYMENT,
    HTTP_ROUTE,
    INGRESS,
    JOB,
    NETWORK_POLICY,
    POD_DISRUPTION_BUDGET,
)
from dandelion_operator.ports.registry import RegistryError


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
                taken = isinstance(error, NameTakenError)
                refusals.append(Refusal(action, str(error), for_good, taken))
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
            await let_in(wanted, resource, location, defaults, cluster)
            await create_job(wanted, resource, cluster)
        case StartEvaluation():
            wanted = builders.evaluation_job(resource, action, location, defaults)
            await create_job(wanted, resource, cluster)
        case StartIngest():
            wanted = builders.ingest_job(resource, action, location, defaults)
            await create_job(wanted, resource, cluster)
        case RemoveJob(job):
            await cluster.delete(JOB, namespace, job)
        case ExpireJob(job, seconds):
            noted = {naming.EXPIRY_ANNOTATION: None if seconds is None else str(seconds)}
            body = {
                "metadata": {"annotations": noted},
                "spec": {"ttlSecondsAfterFinished": seconds},
            }
            await cluster.patch(JOB, namespace, job, body)
        case SuspendJob(job, suspend):
            note = {naming.SUSPENDED_ANNOTATION: "true" if suspend else None}
            body = {"metadata": {"annotations": note}, "spec": {"suspend": suspend}}
            await cluster.patch(JOB, namespace, job, body)
        case SetVerdict():
            rests_on = {"comparison-digest": action.comparison, "promoted-by": action.by}
            tags = {
                "verdict-reason": action.reason,
                "gate": action.gate,
                "replaces": action.replaces,
                **{name: value for name, value in rests_on.items() if value is not None},
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
        case AddSigningKey(purpose):
            kind, wanted = child(RefreshSecret(purpose), resource, location, defaults)
            name = wanted["metadata"]["name"]
            await cluster.patch(kind, namespace, name, {"data": wanted["data"]})
        case (
            RefreshSecret()
            | ApplyS3Account()
            | ApplyService()
            | ApplyDeployment()
            | ApplyBudget()
            | ApplyRoute()
            | ApplyIngress()
            | ApplyPolicy()
        ):
            kind, wanted = child(action, resource, location, defaults)
            corrected = () if isinstance(action, ApplyS3Account) else action.corrected
            noted = with_notes(wanted, defaults.installation, corrected)
            await apply_child(kind, noted, resource, cluster)
        case RemoveBudget():
            await cluster.delete(POD_DISRUPTION_BUDGET, namespace, naming.inference(key))
        case RemoveRoute():
            await cluster.delete(HTTP_ROUTE, namespace, naming.inference(key))
        case RemoveIngress():
            await cluster.delete(INGRESS, namespace, naming.inference(key))
        case RemovePolicy(component):
            name = naming.network_policy(key, component)
            await cluster.delete(NETWORK_POLICY, namespace, name)
        case AdjustDeployment():
            fields = {
                "replicas": action.replicas,
                "progressDeadlineSeconds": action.progress_deadline_seconds,
                "revisionHistoryLimit": action.revision_history_limit,
            }
            told = {name: value for name, value in fields.items() if value is not None}
            body = {"metadata": {"annotations": notes(action.corrected)}, "spec": told}
            await cluster.patch(DEPLOYMENT, namespace, naming.inference(key), body)


def _tags(action: RegisterVersion) -> dict[str, str]:
    artifact = action.artifact
    return {
        "run": artifact.run,
        "training-hash": action.training_hash,
        naming.FIRST_TRAINING_HASH_TAG: action.training_hash,
        "dataset-digest": artifact.dataset_digest,
        "contract-digest": artifact.contract_digest,
        "image": artifact.image,
        "git-revision": artifact.git_revision,
        "precision": artifact.precision,
        "verdict": action.verdict,
        "verdict-reason": action.reason,
    }
