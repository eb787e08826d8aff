"""The S3 credentials of a resource: its own Secrets, or the installation's.

Called by `observe`. What is wrong with them becomes a `Failure`; which copies are missing or no
longer what the installation uses becomes the list of those to write.
"""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dandelion_operator.api import naming
from dandelion_operator.api.location import Defaults, Location
from dandelion_operator.api.reasons import Failure, Reason, name_taken
from dandelion_operator.api.resource import Resource
from dandelion_operator.ports.kube.cluster import Cluster
from dandelion_operator.ports.kube.objects import SECRET, is_owned
from dandelion_operator.ports.s3.credentials import (
    Credentials,
    CredentialsError,
    encoded,
    from_folder,
    from_secret,
)


@dataclass(frozen=True)
class ResolvedCredentials:
    training: Credentials | None
    failure: Failure | None
    stale_secrets: frozenset[str] = frozenset()
    raw: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)  # the copies
    # The installation's keys of the purposes whose Secrets are the operator's to write.
    installation: Mapping[str, Credentials] = field(default_factory=dict)


async def resolve_credentials(
    resource: Resource, location: Location, cluster: Cluster, defaults: Defaults
) -> ResolvedCredentials:
    namespace = resource.namespace
    names = secrets(location)
    bodies = await asyncio.gather(
        *(cluster.get(SECRET, namespace, name) for name in names.values())
    )
    found = dict(zip(names, bodies, strict=True))
    copied = copies(location)
    for purpose in sorted(copied):
        there = found[purpose]
        if there is not None and not is_owned(there, resource.uid):
            way_out = "bring keys of your own in spec.storage.secretRef"
            return ResolvedCredentials(None, name_taken("Secret", names[purpose], way_out))
    try:
        given = {
            purpose: from_folder(defaults.credentials_dirs[purpose])
            if purpose in copied
            else _from_secret(name, namespace, found[purpose])
            for purpose, name in names.items()
        }
    except CredentialsError as error:
        return ResolvedCredentials(None, Failure(Reason.SECRET_MISSING, str(error)))
    stale = (
        purpose
        for purpose in copied
        if (found[purpose] or {}).get("data") != encoded(given[purpose])
    )
    raw = {purpose: body for purpose, body in found.items() if purpose in copied and body}
    installation = {purpose: given[purpose] for purpose in copied}
    return ResolvedCredentials(given[naming.TRAINING], None, frozenset(stale), raw, installation)


def secrets(location: Location) -> dict[str, str]:
    """The Secret for each purpose."""
    names = {
        naming.TRAINING: location.training_secret,
        naming.INFERENCE: location.inference_secret,
    }
    return names | ({naming.LOG: location.log.secret} if location.log else {})


def copies(location: Location) -> frozenset[str]:
    """The purposes whose key is the installation's."""
    purposes = set() if location.brings_own_keys else {naming.TRAINING, naming.INFERENCE}
    if location.log is not None and not location.log.brings_own_key:
        purposes.add(naming.LOG)
    return frozenset(purposes)


def _from_secret(name: str, namespace: str, secret: Mapping[str, Any] | None) -> Credentials:
    if secret is None:
        raise CredentialsError(f"there is no Secret {name} in the namespace {namespace}")
    return from_secret(name, secret.get("data"))
