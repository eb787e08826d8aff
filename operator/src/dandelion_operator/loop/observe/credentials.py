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
from dandelion_operator.api.location import Location
from dandelion_operator.api.reasons import Failure, Reason, name_taken
from dandelion_operator.api.resource import Resource
from dandelion_operator.ports.clients import Clients
from dandelion_operator.ports.kube.objects import SECRET, is_owned
from dandelion_operator.ports.s3.credentials import (
    Credentials,
    CredentialsError,
    encoded,
    from_folder,
    from_secret,
    signing_keys,
)


@dataclass(frozen=True)
class ResolvedCredentials:
    training: Credentials | None
    failure: Failure | None
    stale_secrets: frozenset[str] = frozenset()
    raw: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)  # the copies
    # The installation's keys of the purposes whose Secrets are the operator's to write.
    installation: Mapping[str, Credentials] = field(default_factory=dict)
    # Where pods go by their account: what lies in the Secrets of the purposes, and what should.
    by_account: Mapping[str, Mapping[str, Any] | None] = field(default_factory=dict, repr=False)
    signing: Mapping[str, Mapping[str, str]] = field(default_factory=dict, repr=False)


async def resolve_credentials(
    resource: Resource, location: Location, clients: Clients
) -> ResolvedCredentials:
    namespace, cluster, defaults = resource.namespace, clients.cluster, clients.defaults
    names = secrets(location)
    bodies = await asyncio.gather(
        *(cluster.get(SECRET, namespace, name) for name in names.values())
    )
    found = dict(zip(names, bodies, strict=True))
    ours, by_account = location.of_the_installation, location.by_account
    copied = ours - by_account
    for purpose in sorted(ours):
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
            if purpose not in by_account
        }
        signing = signing_keys(defaults.signing_files) if by_account else {}
    except CredentialsError as error:
        return ResolvedCredentials(None, Failure(Reason.SECRET_MISSING, str(error)))
    stale = (
        purpose
        for purpose in copied
        if (found[purpose] or {}).get("data") != encoded(given[purpose])
    )
    raw = {purpose: body for purpose, body in found.items() if purpose in copied and body}
    installation = {purpose: given[purpose] for purpose in copied}
    training = given.get(naming.TRAINING) or await _of_the_operator(clients)
    return ResolvedCredentials(
        training if isinstance(training, Credentials) else None,
        training if isinstance(training, Failure) else None,
        frozenset(stale),
        raw,
        installation,
        {purpose: found[purpose] for purpose in by_account},
        signing,
    )


async def _of_the_operator(clients: Clients) -> Credentials | Failure:
    if clients.identity is None:
        return Failure(Reason.IDENTITY_MISSING, "the operator has no identity of its own")
    return await clients.identity.credentials()


def secrets(location: Location) -> dict[str, str]:
    """The Secret for each purpose."""
    names = {
        naming.TRAINING: location.training_secret,
        naming.INFERENCE: location.inference_secret,
    }
    return names | ({naming.LOG: location.log.secret} if location.log else {})


def _from_secret(name: str, namespace: str, secret: Mapping[str, Any] | None) -> Credentials:
    if secret is None:
        raise CredentialsError(f"there is no Secret {name} in the namespace {namespace}")
    return from_secret(name, secret.get("data"))
