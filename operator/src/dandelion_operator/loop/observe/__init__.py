"""All that matters for a resource, read anew: cluster, registry, storage, the pods' answers.

Only reads; called by `reconcile`. What can be asked at the same time is, and what others may take
long to answer is asked beside it. What a later read needs (which version awaits its verdict) is the
same fact that the decisions rest on.
"""

from __future__ import annotations

import asyncio
from dataclasses import replace

from dandelion_operator.api import naming
from dandelion_operator.api.location import Location
from dandelion_operator.api.reasons import Failure
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status import Status
from dandelion_operator.loop.observe import (
    identity,
    ingest,
    keys,
    readings,
    serving,
    training,
    versions,
    waiting,
    ways_in,
)
from dandelion_operator.loop.observe.credentials import resolve_credentials
from dandelion_operator.loop.observe.policies import policies
from dandelion_operator.ports.clients import Clients
from dandelion_operator.ports.kube.objects import DEPLOYMENT, JOB, POD, SERVICE, is_owned
from dandelion_operator.ports.registry import LOOK_SECONDS
from dandelion_operator.seen.conclusions.identity import own_registry
from dandelion_operator.seen.conclusions.keys import obstacle as key_obstacle
from dandelion_operator.seen.conclusions.ownership import lies_below_another_name
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.versions import RegistrySeen


async def observe(
    resource: Resource,
    location: Location,
    previous: Status,
    clients: Clients,
    fresh: bool = True,
    now: str = "",
) -> Observed:
    """Not `fresh`: what is known of the registry from before will do, unless a run may change it.

    That is enough to see that there is nothing to do, and never ground for doing something. `now`
    is the moment that all which is decided on this goes by.
    """
    key, cluster = resource.key, clients.cluster
    owned = naming.as_selector({naming.OWNER_LABEL: key.name})
    raw_jobs = await cluster.list(JOB, key.namespace, owned)
    run_may_register = bool(raw_jobs) and not _is_over(previous)
    raw_pods, raw_deployment, raw_service, endpoints, registry, credentials = await asyncio.gather(
        cluster.list(POD, key.namespace, owned),
        cluster.get(DEPLOYMENT, key.namespace, naming.inference(key)),
        cluster.get(SERVICE, key.namespace, naming.inference(key)),
        serving.endpoints(key, cluster),
        clients.registry.snapshot(
            naming.registered_model(key),
            fresh or run_may_register,
            None if fresh else LOOK_SECONDS,
        ),
        resolve_credentials(resource, location, clients),
    )
    own_jobs = [raw for raw in raw_jobs if is_owned(raw, resource.uid)]
    told = await waiting.events(key.namespace, own_jobs, raw_pods, cluster)
    jobs = tuple(
        readings.job(raw, raw_pods, told)
        for raw in own_jobs
        if not (readings.is_evaluation(raw) or readings.is_ingest(raw))
    )
    evaluations = tuple(
        readings.evaluation_job(raw, raw_pods, told)
        for raw in own_jobs
        if readings.is_evaluation(raw)
    )
    ingests = tuple(
        readings.ingest_job(raw, raw_pods, told) for raw in own_jobs if readings.is_ingest(raw)
    )
    deployment = (
        readings.deployment(raw_deployment, resource.uid, raw_pods) if raw_deployment else None
    )
    target = deployment.target if deployment is not None else None
    if deployment is not None and target and lies_below_another_name(target.artifact_uri, key):
        # Somebody edited it: nothing of this resource serves, and what does is put right.
        deployment = replace(deployment, target=None)
    if deployment is not None and deployment.ours and isinstance(registry, RegistrySeen):
        registry = replace(registry, deployed=deployment.target)
    if deployment is not None and deployment.scaled_by:
        still = await serving.is_autoscaled(deployment, key, cluster)
        deployment = deployment if still else replace(deployment, scaled_by="")
    service = readings.service(raw_service, resource.uid) if raw_service else None
    serving_pods = [raw for raw in raw_pods if readings.is_serving_pod(raw)]
    pods = serving.pods(resource, serving_pods, told, clients)
    answer = serving.answer(resource, service, serving_pods, endpoints, clients)
    ours = raw_deployment if deployment is not None and deployment.ours else None
    former = keys.held_by_former(own_jobs, serving_pods, ours)
    accounts = await identity.accounts(resource, location, cluster, clients.defaults)
    secrets = identity.account_secrets(credentials, own_jobs, serving_pods, ours)
    found = await keys.looks(resource, location, credentials, former, clients, now)
    windows = serving.windows(resource, serving_pods, deployment, clients)
    live = await serving.live_accuracy(resource, location, deployment, credentials, clients)
    known = Observed(
        previous=previous,
        dataset=None,
        registry=registry,
        jobs=jobs,
        live=live,
        deployment=deployment,
        windows=windows,
        now=now,
    )
    triggered, watch = training.triggered(resource, known), training.watch(resource, known)
    (
        dataset,
        (progress, ingest_progress),
        (artifacts, comparisons, stored),
        (
            (budget, raw_budget),
            (route, raw_route),
            (ingress, raw_ingress),
            (policy_digests, raw_policies),
        ),
        reviews,
    ) = await asyncio.gather(
        training.dataset(
            resource, location, previous, jobs, credentials, clients, triggered, watch
        ),
        asyncio.gather(
            training.progress(resource, location, previous, jobs, credentials, clients),
            ingest.progress(resource, location, previous, ingests, credentials, clients),
        ),
        asyncio.gather(
            versions.artifacts(resource, location, registry, deployment, credentials, clients),
            versions.comparisons(resource, location, registry, credentials, clients),
            versions.stored(resource, location, previous, registry, credentials, clients),
        ),
        asyncio.gather(
            serving.budget(resource, clients),
            ways_in.route(resource, location, clients),
            ways_in.ingress(resource, location, clients),
            policies(resource, clients),
        ),
        serving.reviews(resource, location, credentials, clients),
    )
    raw = {
        "Deployment": raw_deployment,
        "Service": raw_service,
        "PodDisruptionBudget": raw_budget,
        "HTTPRoute": raw_route,
        "Ingress": raw_ingress,
        **raw_policies,
        **credentials.raw,
        **secrets.raw,
    }
    observed = Observed(
        previous=previous,
        dataset=dataset,
        registry=registry,
        credentials=_failure(accounts) or credentials.failure or key_obstacle(found, now),
        jobs=jobs,
        evaluations=evaluations,
        ingests=ingests,
        progress=progress,
        ingest_progress=ingest_progress,
        artifacts=artifacts,
        comparisons=comparisons,
        stored=stored,
        live=live,
        reviews=reviews,
        deployment=deployment,
        pods=pods,
        windows=windows,
        service=service,
        budget=budget,
        route=route,
        ingress=ingress,
        policies=policy_digests,
        answer=answer,
        stale_secrets=credentials.stale_secrets | secrets.stale,
        keys=found,
        accounts=frozenset() if isinstance(accounts, Failure) else accounts,
        secrets=secrets,
        raw={child: body for child, body in raw.items() if body},
        now=now,
    )
    return replace(observed, registry=own_registry(resource, observed))


def _failure(found: object) -> Failure | None:
    return found if isinstance(found, Failure) else None


def _is_over(previous: Status) -> bool:
    return previous.training is not None and previous.training.state.finished
