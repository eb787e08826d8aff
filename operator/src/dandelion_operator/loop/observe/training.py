"""Reads for training: can the dataset be listed, and how far is the run."""

from __future__ import annotations

from collections.abc import Sequence

from dandelion_operator.api import digests
from dandelion_operator.api.location import Location
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status import Status
from dandelion_operator.api.status.training import RunState, Training
from dandelion_operator.loop.observe import readings
from dandelion_operator.loop.observe.credentials import ResolvedCredentials
from dandelion_operator.ports.clients import Clients
from dandelion_operator.ports.kube.cluster import ClusterError
from dandelion_operator.ports.kube.objects import CONFIG_MAP
from dandelion_operator.ports.lookups import Pending
from dandelion_operator.ports.s3.connection.reader import Access
from dandelion_operator.ports.s3.storage.datasets import Watch
from dandelion_operator.seen.conclusions import triggers
from dandelion_operator.seen.conclusions.last_run import LastRun, last_run
from dandelion_operator.seen.conclusions.triggers.new_images import known_version
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import DatasetSeen, JobSeen, MountedTable, Progress


async def dataset(
    resource: Resource,
    location: Location,
    previous: Status,
    jobs: Sequence[JobSeen],
    credentials: ResolvedCredentials,
    clients: Clients,
    triggered: bool = False,
    watch: Watch | None = None,
) -> DatasetSeen | Failure | None:
    """None: no run is to be started, and so its listing, which can be long, is not asked for.

    `triggered`: another run of the same spec is; `watch`: one may be, for what is new in it.
    """
    if location.denied is not None or location.image_denied is not None:
        return None
    if credentials.training is None:
        return credentials.failure or Failure(Reason.SECRET_MISSING, "there are no S3 keys")
    training_hash, before = digests.training_hash(resource), previous.training
    settled = (
        before is not None
        and before.training_hash == training_hash
        and before.state is RunState.SUCCEEDED
    )
    done = settled or _is_under_way(training_hash, jobs, before)
    if resource.spec.suspend or (done and not (triggered or watch)):
        return None
    access = Access(location, credentials.training)
    uri, urls = resource.spec.dataset.storage_uri, resource.spec.dataset.urls
    found = await clients.lookups.get(
        resource.key,
        "dataset",
        (access, uri, watch, urls),
        lambda: _looked_at(resource, access, watch, clients),
        or_last=True,
    )
    if found is Pending.PENDING and done and not triggered:
        return None
    if found is Pending.PENDING:
        return Failure(
            Reason.DATASET_LISTING, f"{uri} is being listed; {location.endpoint} is not done yet"
        )
    return found


async def _looked_at(
    resource: Resource, access: Access, watch: Watch | None, clients: Clients
) -> DatasetSeen | Failure:
    wanted, mounted = resource.spec.dataset, await _mounted(resource, clients)
    return await clients.storage.dataset(access, wanted.storage_uri, watch, wanted.urls, mounted)


async def _mounted(resource: Resource, clients: Clients) -> MountedTable | None:
    """The table of addresses, where it lies in a ConfigMap."""
    urls = resource.spec.dataset.urls
    ref = urls.config_map_ref if urls is not None else None
    if ref is None:
        return None
    try:
        raw = await clients.cluster.get(CONFIG_MAP, resource.namespace, ref.name)
    except ClusterError as error:
        if not error.refused:
            raise
        return MountedTable(unread=f"the ConfigMap {ref.name} may not be read: {error}")
    return readings.mounted_table(raw, ref)


def triggered(resource: Resource, known: Observed) -> bool:
    """Whether a trigger starts another run if nothing else stands against it.

    `known` lacks what is read after this.
    """
    last = _over(resource, known)
    due = triggers.due(resource, known, last) if last is not None else None
    return due is not None and last is not None and triggers.hold(resource, known, last) is None


def watch(resource: Resource, known: Observed) -> Watch | None:
    """What is new in the dataset since the last run, where new images start another."""
    last, enough = _over(resource, known), resource.spec.triggers.new_images
    if enough is None or last is None or last.state is not RunState.SUCCEEDED:
        return None
    version = known_version(known, last)
    return Watch(resource.key, version, enough) if version else None


def _over(resource: Resource, known: Observed) -> LastRun | None:
    """The last run, where it was for this spec and is over."""
    training_hash = digests.training_hash(resource)
    last = last_run(resource.key, known, training_hash)
    if last is None or last.training_hash != training_hash or not last.state.finished:
        return None
    return last


def _is_under_way(training_hash: str, jobs: Sequence[JobSeen], before: Training | None) -> bool:
    """Or has just ended. A Job that is kept of a run before the last one says nothing."""
    newest = _newest(jobs)
    latest = before.run if before is not None else newest.run if newest is not None else ""
    return any(
        job.training_hash == training_hash
        and not job.deleting
        and (not job.state.finished or (_has_trained(job) and job.run == latest))
        for job in jobs
    )


def _has_trained(job: JobSeen) -> bool:
    """A search that is over has its training before it."""
    return job.state is RunState.SUCCEEDED and not job.searches


def _newest(jobs: Sequence[JobSeen]) -> JobSeen | None:
    return max((job for job in jobs if not job.deleting), key=lambda job: job.created, default=None)


async def progress(
    resource: Resource,
    location: Location,
    previous: Status,
    jobs: Sequence[JobSeen],
    credentials: ResolvedCredentials,
    clients: Clients,
) -> Progress:
    newest, before = _newest(jobs), previous.training
    run = newest.run if newest is not None else before.run if before is not None else ""
    end_is_known = before is not None and before.run == run and before.state.finished
    if not run or end_is_known or credentials.training is None:
        return Progress()
    access = Access(location, credentials.training)
    found = await clients.lookups.get(
        resource.key,
        "progress",
        (access, run),
        lambda: clients.storage.progress(access, resource.key, run),
        or_last=True,
    )
    return Progress(run=run) if found is Pending.PENDING else found
