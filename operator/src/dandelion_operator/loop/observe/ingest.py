"""Reads for an ingest: how far it is, and what it found."""

from __future__ import annotations

from collections.abc import Sequence

from dandelion_operator.api import digests, naming
from dandelion_operator.api.location import Location
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status import Status
from dandelion_operator.loop.observe.credentials import ResolvedCredentials
from dandelion_operator.ports.clients import Clients
from dandelion_operator.ports.lookups import Pending
from dandelion_operator.ports.s3.connection.reader import Access
from dandelion_operator.seen.training import IngestJobSeen, Progress


async def progress(
    resource: Resource,
    location: Location,
    previous: Status,
    ingests: Sequence[IngestJobSeen],
    credentials: ResolvedCredentials,
    clients: Clients,
) -> Progress:
    """Of the one that is asked for, while the status may lack what became of it."""
    wanted = digests.ingest(resource.uid, resource.ingest) if resource.ingest else ""
    known = previous.ingest
    if known is not None and known.value == resource.ingest and known.state.finished:
        return Progress()
    if not any(job.ingest == wanted for job in ingests) or credentials.training is None:
        return Progress()
    access, folder = Access(location, credentials.training), naming.ingest_folder(wanted)
    found = await clients.lookups.get(
        resource.key,
        "ingest",
        (access, folder),
        lambda: clients.storage.progress(access, resource.key, folder),
        or_last=True,
    )
    return Progress(run=folder) if found is Pending.PENDING else found
