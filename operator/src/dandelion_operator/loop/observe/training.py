"""Reads for training: can the dataset be listed, and how far is the run."""

from __future__ import annotations

from collections.abc import Sequence

from dandelion_operator.api import digests
from dandelion_operator.api.location import Location
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status import RunState, Status
from dandelion_operator.loop.observe.credentials import ResolvedCredentials
from dandelion_operator.ports.s3.storage import Access, Storage
from dandelion_operator.seen.training import DatasetSeen, JobSeen, Progress


async def dataset(
    resource: Resource,
    location: Location,
    previous: Status,
    jobs: Sequence[JobSeen],
    credentials: ResolvedCredentials,
    storage: Storage,
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
    under_way = any(
        job.training_hash == training_hash and job.state is not RunState.FAILED and not job.deleting
        for job in jobs
    )
    if resource.spec.suspend or settled or under_way:
        return None
    return await storage.dataset(
        Access(location, credentials.training), resource.spec.dataset.storage_uri, whole=True
    )


async def progress(
    resource: Resource,
    location: Location,
    previous: Status,
    jobs: Sequence[JobSeen],
    credentials: ResolvedCredentials,
    storage: Storage,
) -> Progress:
    newest = max(
        (job for job in jobs if not job.deleting), key=lambda job: job.created, default=None
    )
    before = previous.training
    run = newest.run if newest is not None else before.run if before is not None else ""
    end_is_known = before is not None and before.run == run and before.state.finished
    if not run or end_is_known or credentials.training is None:
        return Progress()
    return await storage.progress(Access(location, credentials.training), resource.key, run)
