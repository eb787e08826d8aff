"""Reads for training: can the dataset be listed, and how far is the run."""

from __future__ import annotations

from collections.abc import Sequence

from dandelion_operator.api import digests
from dandelion_operator.api.location import Location
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status import RunState, Status, Training
from dandelion_operator.loop.observe.credentials import ResolvedCredentials
from dandelion_operator.ports.clients import Clients
from dandelion_operator.ports.lookups import Pending
from dandelion_operator.ports.s3.connection.reader import Access
from dandelion_operator.seen.training import DatasetSeen, JobSeen, Progress


async def dataset(
    resource: Resource,
    location: Location,
    previous: Status,
    jobs: Sequence[JobSeen],
    credentials: ResolvedCredentials,
    clients: Clients,
) -> DatasetSeen | Failure | None:
    """None: no run is to be started, and so its listing, which can be long, is not asked for."""
    if credentials.training is None:
        return credentials.failure or Failure(Reason.SECRET_MISSING, "there are no S3 keys")
    training_hash, before = digests.training_hash(resource), previous.training
    settled = (
        before is not None
        and before.training_hash == training_hash
        and before.state is RunState.SUCCEEDED
    )
    if resource.spec.suspend or settled or _is_under_way(training_hash, jobs, before):
        return None
    access = Access(location, credentials.training)
    uri, urls = resource.spec.dataset.storage_uri, resource.spec.dataset.urls
    found = await clients.lookups.get(
        resource.key,
        "dataset",
        (access, uri, urls),
        lambda: clients.storage.dataset(access, uri, urls),
        or_last=True,
    )
    if found is Pending.PENDING:
        return Failure(
            Reason.DATASET_LISTING, f"{uri} is being listed; {location.endpoint} is not done yet"
        )
    return found


def _is_under_way(training_hash: str, jobs: Sequence[JobSeen], before: Training | None) -> bool:
    """Or has just ended. A Job that is kept of a run before the last one says nothing."""
    newest = _newest(jobs)
    latest = before.run if before is not None else newest.run if newest is not None else ""
    return any(
        job.training_hash == training_hash
        and not job.deleting
        and (not job.state.finished or (job.state is RunState.SUCCEEDED and job.run == latest))
        for job in jobs
    )


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
