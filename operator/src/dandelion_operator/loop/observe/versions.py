"""Reads for versions: are the artifacts of those that matter what their contracts promise, and how
does the newest compare with the champion.
"""

from __future__ import annotations

import asyncio

from dandelion_operator.api.location import Location, Target
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import NamespacedName, Resource
from dandelion_operator.loop.observe.credentials import ResolvedCredentials
from dandelion_operator.ports.clients import Clients
from dandelion_operator.ports.lookups import Pending
from dandelion_operator.ports.s3.storage import Access
from dandelion_operator.seen.candidate import (
    candidate,
    comparison_name,
    newest_of_training_hash,
    opponent,
)
from dandelion_operator.seen.comparison import Comparison, ComparisonName
from dandelion_operator.seen.serving import DeploymentSeen
from dandelion_operator.seen.versions import ContractSeen, RegistrySeen


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
            registry.version(registry.champion),
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
    found = await asyncio.gather(
        *(
            _contract(resource.key, access, version.target, number in fresh, clients)
            for number, version in wanted.items()
        )
    )
    return dict(zip(wanted, found, strict=True))


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
