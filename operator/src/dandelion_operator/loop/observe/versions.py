"""Reads for versions: are the artifacts of those that matter what their contracts promise, and how
does the newest compare with the champion.
"""

from __future__ import annotations

import asyncio

from dandelion_operator.api.location import Location
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status import Status
from dandelion_operator.loop.observe.credentials import ResolvedCredentials
from dandelion_operator.ports.s3.storage import Access, Storage
from dandelion_operator.seen.candidate import (
    candidate,
    comparison_name,
    newest_of_training_hash,
    opponent,
)
from dandelion_operator.seen.comparison import Comparison, ComparisonName
from dandelion_operator.seen.lost import registry_is_lost, served_digests
from dandelion_operator.seen.ownership import foreign_contract, foreign_source
from dandelion_operator.seen.serving import DeploymentSeen
from dandelion_operator.seen.versions import ContractSeen, RegistrySeen, StoredArtifact, VersionSeen


async def artifacts(
    resource: Resource,
    location: Location,
    registry: RegistrySeen | Failure,
    deployment: DeploymentSeen | None,
    credentials: ResolvedCredentials,
    storage: Storage,
) -> dict[int, ContractSeen | Failure]:
    if isinstance(registry, Failure):
        return {}
    wanted = {
        version.version: version
        for version in (
            registry.incumbent,
            registry.version(registry.challenger),
            newest_of_training_hash(resource, registry),
        )
        if version is not None
    }
    if credentials.training is None:
        failure = credentials.failure or Failure(Reason.SECRET_MISSING, "there are no S3 keys")
        return dict.fromkeys(wanted, failure)
    serving = deployment.target if deployment is not None else None
    # What awaits its verdict or is about to be served is read anew; of all others only the figures
    # matter, and those bytes cannot change.
    undecided = candidate(resource, registry)
    fresh = {
        version.version
        for version in wanted.values()
        if version is undecided
        or (version.version == registry.champion and version.target != serving)
    }
    access = Access(location, credentials.training)

    async def read(version: VersionSeen) -> ContractSeen | Failure:
        foreign = foreign_source(version.source, resource.key, location.bucket)
        if foreign is not None:
            return foreign
        found = await storage.contract(access, version.target, fresh=version.version in fresh)
        if isinstance(found, ContractSeen):
            return foreign_contract(found, resource.key) or found
        return found

    found = await asyncio.gather(*(read(version) for version in wanted.values()))
    return dict(zip(wanted, found, strict=True))


async def comparisons(
    resource: Resource,
    location: Location,
    registry: RegistrySeen | Failure,
    credentials: ResolvedCredentials,
    storage: Storage,
) -> dict[ComparisonName, Comparison | Failure | None]:
    """That of the newest version with the champion that it is, or was, compared with."""
    if isinstance(registry, Failure):
        return {}
    newest = newest_of_training_hash(resource, registry)
    champion = opponent(registry, newest) if newest is not None else None
    if newest is None or champion is None or newest is champion:
        return {}
    name = comparison_name(newest, champion)
    if name is None:
        return {}
    if credentials.training is None:
        return {name: credentials.failure or Failure(Reason.SECRET_MISSING, "there are no S3 keys")}
    access = Access(location, credentials.training)
    return {name: await storage.comparison(access, resource.key, name)}


async def stored(
    resource: Resource,
    location: Location,
    previous: Status,
    registry: RegistrySeen | Failure,
    credentials: ResolvedCredentials,
    storage: Storage,
) -> tuple[StoredArtifact, ...] | Failure:
    """What a lost registry can be restored from."""
    if isinstance(registry, Failure) or not registry_is_lost(previous, registry):
        return ()
    if credentials.training is None:
        return credentials.failure or Failure(Reason.SECRET_MISSING, "there are no S3 keys")
    access = Access(location, credentials.training)
    return await storage.stored(access, resource.key, served_digests(previous, registry))
