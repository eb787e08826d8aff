"""One look at all that matters for a resource: cluster, registry, storage, the pods' answers.

Only reads; called by `reconcile`. What can be asked at the same time is. What a later read needs
(which version is next to be judged) is the same fact that the decisions rest on.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from typing import Any

from dandelion_operator import digests, naming, readings
from dandelion_operator.candidate import candidate, newest_of_wish
from dandelion_operator.cluster import ClusterError
from dandelion_operator.keys import Keys, find_keys
from dandelion_operator.location import Location
from dandelion_operator.objects import DEPLOYMENT, JOB, POD, SERVICE, SERVICE_ACCOUNT, is_owned
from dandelion_operator.observed import (
    AccountSeen,
    ContractSeen,
    DatasetSeen,
    DeploymentSeen,
    JobSeen,
    Observed,
    PodSeen,
    Progress,
    RegistrySeen,
)
from dandelion_operator.probe import Probe
from dandelion_operator.reasons import Failure, Reason
from dandelion_operator.resource import Auth, Resource
from dandelion_operator.status import RunState, Status
from dandelion_operator.storage import Access, Storage
from dandelion_operator.world import World

ASKED_PODS = 3


async def observe(
    resource: Resource, location: Location, previous: Status, world: World
) -> Observed:
    key, cluster = resource.key, world.cluster
    owned = naming.as_selector({naming.OWNER_LABEL: key.name})
    raw_jobs, raw_pods, raw_deployment, raw_service, registry, keys = await asyncio.gather(
        cluster.list(JOB, key.namespace, owned),
        cluster.list(POD, key.namespace, owned),
        cluster.get(DEPLOYMENT, key.namespace, naming.inference(key)),
        cluster.get(SERVICE, key.namespace, naming.inference(key)),
        world.registry.snapshot(naming.registered_model(key)),
        find_keys(resource, location, cluster, world.defaults),
    )
    jobs = tuple(readings.job(raw, raw_pods) for raw in raw_jobs if is_owned(raw, resource.uid))
    deployment = readings.deployment(raw_deployment, resource.uid) if raw_deployment else None
    service = readings.service(raw_service, resource.uid) if raw_service else None
    serving = [raw for raw in raw_pods if readings.is_serving_pod(raw)]
    address = service.address if service is not None and service.ours else None
    somebody_is_ready = any(readings.holds(raw, "Ready") for raw in serving)
    dataset, progress, artifacts, pods, answer, account = await asyncio.gather(
        _dataset(resource, location, previous, jobs, keys, world.storage),
        _progress(resource, location, previous, jobs, keys, world.storage),
        _artifacts(resource, location, registry, deployment, keys, world.storage),
        _pods(serving, world.probe),
        world.probe.service(address) if address and somebody_is_ready else _nothing(),
        _account(resource, world),
    )
    return Observed(
        previous=previous,
        dataset=dataset,
        registry=registry,
        keys=keys.failure,
        jobs=jobs,
        progress=progress,
        artifacts=artifacts,
        deployment=deployment,
        pods=pods,
        service=service,
        account=account,
        answer=answer,
        stale_secrets=keys.stale_secrets,
    )


async def _nothing() -> None:
    return None


async def _account(resource: Resource, world: World) -> AccountSeen | Failure:
    if resource.spec.serving.auth is not Auth.CLUSTER_TOKENS:
        return AccountSeen()
    key = resource.key
    try:
        raw, may_review = await asyncio.gather(
            world.cluster.get(SERVICE_ACCOUNT, key.namespace, naming.inference(key)),
            world.reviewers.includes(key),
        )
    except ClusterError as error:
        if not error.refused:
            raise
        return Failure(Reason.AUTH_UNAVAILABLE, str(error))
    ours = raw is not None and is_owned(raw, resource.uid)
    return AccountSeen(raw is not None, ours, may_review)


async def _dataset(
    resource: Resource,
    location: Location,
    previous: Status,
    jobs: Sequence[JobSeen],
    keys: Keys,
    storage: Storage,
) -> DatasetSeen | Failure:
    if keys.training is None:
        return keys.failure or Failure(Reason.SECRET_MISSING, "there are no S3 keys")
    wish, before = digests.wish(resource), previous.training
    settled = before is not None and before.wish == wish and before.state is RunState.SUCCEEDED
    under_way = any(
        job.wish == wish and job.state is not RunState.FAILED and not job.deleting for job in jobs
    )
    return await storage.dataset(
        Access(location, keys.training),
        resource.spec.dataset.storage_uri,
        whole=not (settled or under_way),
    )


async def _progress(
    resource: Resource,
    location: Location,
    previous: Status,
    jobs: Sequence[JobSeen],
    keys: Keys,
    storage: Storage,
) -> Progress:
    newest = max(
        (job for job in jobs if not job.deleting), key=lambda job: job.created, default=None
    )
    before = previous.training
    run = newest.run if newest is not None else before.run if before is not None else ""
    told_its_end = before is not None and before.run == run and before.state.finished
    if not run or told_its_end or keys.training is None:
        return Progress()
    return await storage.progress(Access(location, keys.training), resource.key, run)


async def _artifacts(
    resource: Resource,
    location: Location,
    registry: RegistrySeen | Failure,
    deployment: DeploymentSeen | None,
    keys: Keys,
    storage: Storage,
) -> dict[int, ContractSeen | Failure]:
    if isinstance(registry, Failure):
        return {}
    wanted = {
        version.version: version
        for version in (
            registry.version(registry.champion),
            registry.version(registry.challenger),
            newest_of_wish(resource, registry),
        )
        if version is not None
    }
    if keys.training is None:
        failure = keys.failure or Failure(Reason.SECRET_MISSING, "there are no S3 keys")
        return dict.fromkeys(wanted, failure)
    serving = deployment.target if deployment is not None else None
    # What is about to be judged or served is looked at with fresh eyes; what serves already, or
    # was judged, is only read for its figures, and those bytes cannot change.
    judged = candidate(resource, registry)
    fresh = {
        version.version
        for version in wanted.values()
        if version is judged or (version.version == registry.champion and version.target != serving)
    }
    access = Access(location, keys.training)
    found = await asyncio.gather(
        *(
            storage.contract(access, version.target, fresh=number in fresh)
            for number, version in wanted.items()
        )
    )
    return dict(zip(wanted, found, strict=True))


async def _pods(raw_pods: Sequence[Mapping[str, Any]], probe: Probe) -> tuple[PodSeen, ...]:
    asked: dict[str, tuple[str, str] | None] = {}
    silent = [raw for raw in raw_pods if _can_be_asked(raw)][:ASKED_PODS]
    answers = await asyncio.gather(*(probe.pod(raw["status"]["podIP"]) for raw in silent))
    for raw, answer in zip(silent, answers, strict=True):
        asked[raw["metadata"]["name"]] = answer
    return tuple(readings.pod(raw, asked.get(raw["metadata"]["name"])) for raw in raw_pods)


def _can_be_asked(raw: Mapping[str, Any]) -> bool:
    status = raw.get("status") or {}
    leaving = "deletionTimestamp" in raw["metadata"]
    running = status.get("phase") == "Running" and bool(status.get("podIP"))
    return running and not leaving and not readings.holds(raw, "Ready")
