"""Reads for versions: are the artifacts of those that matter what their contracts promise, and how
does the newest compare with the champion.
"""

from __future__ import annotations

import asyncio

from dandelion_operator.api.location import Location, Target
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import NamespacedName, Resource
from dandelion_operator.api.status import Status
from dandelion_operator.loop.observe.credentials import ResolvedCredentials
from dandelion_operator.ports.clients import Clients
from dandelion_operator.ports.lookups import Pending
from dandelion_operator.ports.s3.connection.reader import Access
from dandelion_operator.seen.comparison import Comparison, ComparisonName
from dandelion_operator.seen.conclusions.candidate import (
    candidate,
    comparison_name,
    newest_of_training_hash,
    opponent,
)
from dandelion_operator.seen.conclusions.lost import registry_is_lost, served_digests
from dandelion_operator.seen.conclusions.ownership import foreign_contract, foreign_source
from dandelion_operator.seen.serving import DeploymentSeen
from dandelion_operator.seen.versions import ContractSeen, RegistrySeen, StoredArtifact, VersionSeen


async def artifacts(
    resource: Resource,
    location: Location,
    registry: RegistrySeen | Failure,
    deployment: DeploymentSeen | None,
    credentials: ResolvedCredentials,
    clients: Clients,
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
        elsewhere = foreign_source(version.source, resource.key, location.bucket)
        if elsewhere is not None and not _serves_already(deployment, version):
            return elsewhere
        fresh_one = version.version in fresh
        found = await _contract(resource.key, access, version.target, fresh_one, clients)
        if isinstance(found, ContractSeen):
            return foreign_contract(found, resource.key) or found
        return found

    found = await asyncio.gather(*(read(version) for version in wanted.values()))
    return dict(zip(wanted, found, strict=True))


def _serves_already(deployment: DeploymentSeen | None, version: VersionSeen) -> bool:
    """It was looked at then: since, `storage.bucket` may have changed, which moves no artifact."""
    return deployment is not None and deployment.serves(version.target)


async def _contract(
    key: NamespacedName, access: Access, target: Target, fresh: bool, clients: Clients
) -> ContractSeen | Failure:
    found = await clients.lookups.get(
        key,
        f"contract of version {target.version}",
        (access, target, fresh),
        lambda: clients.storage.contract(access, target, fresh=fresh),
    )
    return _not_read_yet(access) if found is Pending.PENDING else found


def _not_read_yet(access: Access) -> Failure:
    return Failure(
        Reason.STORAGE_UNREACHABLE, f"{access.location.endpoint} is slow and has not answered yet"
    )


async def comparisons(
    resource: Resource,
    location: Location,
    registry: RegistrySeen | Failure,
    credentials: ResolvedCredentials,
    clients: Clients,
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
    found = await clients.lookups.get(
        resource.key,
        "comparison",
        (access, name),
        lambda: clients.storage.comparison(access, resource.key, name),
    )
    return {name: _not_read_yet(access) if found is Pending.PENDING else found}


async def stored(
    resource: Resource,
    location: Location,
    previous: Status,
    registry: RegistrySeen | Failure,
    credentials: ResolvedCredentials,
    clients: Clients,
) -> tuple[StoredArtifact, ...] | Failure:
    """What a lost registry can be restored from."""
    if isinstance(registry, Failure) or not registry_is_lost(previous, registry):
        return ()
    if credentials.training is None:
        return credentials.failure or Failure(Reason.SECRET_MISSING, "there are no S3 keys")
    access, served = Access(location, credentials.training), served_digests(previous, registry)
    found = await clients.lookups.get(
        resource.key,
        "stored artifacts",
        (access, served),
        lambda: clients.storage.stored(access, resource.key, served),
    )
    return _not_read_yet(access) if found is Pending.PENDING else found
