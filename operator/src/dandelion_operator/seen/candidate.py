"""Which version awaits its verdict: the newest one trained for exactly this spec.

A fact, not a decision: `observe` asks it to know which artifact to read, the gate to know what it
is evaluated for, and `report` to know which version the condition Promoted speaks of.
"""

from __future__ import annotations

from dandelion_operator.api import digests
from dandelion_operator.api.resource import Resource
from dandelion_operator.seen.versions import RegistrySeen, Verdict, VersionSeen


def newest_of_training_hash(resource: Resource, registry: RegistrySeen) -> VersionSeen | None:
    training_hash = digests.training_hash(resource)
    return next(
        (item for item in registry.versions if item.run and item.training_hash == training_hash),
        None,
    )


def candidate(resource: Resource, registry: RegistrySeen) -> VersionSeen | None:
    """The newest version trained for this very spec, if the gate has not spoken about it yet."""
    newest, gate = newest_of_training_hash(resource, registry), digests.gate(resource)
    if newest is None or newest.version <= (registry.champion or 0):
        return None
    judged_otherwise = newest.verdict in (Verdict.REJECTED, Verdict.AWAITING, Verdict.OBSERVED)
    if not newest.verdict or (judged_otherwise and newest.gate != gate):
        return newest
    return None
