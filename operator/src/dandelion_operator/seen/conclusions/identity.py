"""Which versions are this resource's own: a name alone is no identity.

Deleting a resource leaves its registered model. The next one of that name may want something else,
so what is there is its own only by evidence: one of its runs registered it, it learnt from the
dataset that the spec names (which outlives a lost status and a cluster restored elsewhere), it
serves already, or a person said so. Facts; called by `observe` and the gate.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from dandelion_operator.api import digests
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.versions import ContractSeen, RegistrySeen, VersionSeen


def own_registry(resource: Resource, observed: Observed) -> RegistrySeen | Failure:
    """The registry without what a former resource left, where this one has served nothing yet.

    Once it followed the alias, whatever the alias names is the operator's or a person's word; so is
    an alias that moved since the person was asked.
    """
    registry, previous = observed.registry, observed.previous
    if isinstance(registry, Failure):
        return registry
    champion = registry.version(registry.champion)
    if champion is None or previous.followed is not None:
        return registry
    moved_since = previous.offered not in (None, str(champion.version))
    unknown = _cannot_be_read_yet(observed.artifacts, champion)
    adopted = resource.adopt == str(champion.version)
    if moved_since or unknown or adopted or is_own(resource, observed, champion):
        return registry
    own = tuple(item for item in registry.versions if is_own(resource, observed, item))
    challenger = registry.challenger
    return replace(
        registry,
        champion=None,
        challenger=challenger if any(item.version == challenger for item in own) else None,
        versions=own,
        left=champion,
    )


def is_own(resource: Resource, observed: Observed, version: VersionSeen) -> bool:
    contract = observed.artifacts.get(version.version)
    return (
        _of_own_run(resource, observed, version)
        or (isinstance(contract, ContractSeen) and same_dataset(resource, contract))
        or (observed.deployment is not None and observed.deployment.serves(version.target))
    )


def same_dataset(resource: Resource, contract: ContractSeen) -> bool:
    return contract.dataset_uri.rstrip("/") == resource.spec.dataset.storage_uri.rstrip("/")


def _of_own_run(resource: Resource, observed: Observed, version: VersionSeen) -> bool:
    """The dataset's address is part of the training hash."""
    last = observed.previous.training
    runs = {job.run for job in observed.jobs} | ({last.run} if last is not None else set())
    return version.run in runs or version.training_hash == digests.training_hash(resource)


def _cannot_be_read_yet(
    artifacts: Mapping[int, ContractSeen | Failure], version: VersionSeen
) -> bool:
    found = artifacts.get(version.version)
    return isinstance(found, Failure) and found.reason is not Reason.ARTIFACT_REJECTED
