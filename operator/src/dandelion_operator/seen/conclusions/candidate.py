"""Which version awaits its verdict, and against which: the newest that was trained for this spec.

Facts, not decisions: `observe` asks them to know what to read, the gate to know what it is
evaluated for, and `report` to know which version the condition Promoted speaks of.
"""

from __future__ import annotations

from dandelion_operator.api import digests
from dandelion_operator.api.resource import Resource
from dandelion_operator.seen.comparison import ComparisonName
from dandelion_operator.seen.versions import RegistrySeen, Verdict, VersionSeen

JUDGED_OTHERWISE = (Verdict.REJECTED, Verdict.UNDECIDED, Verdict.AWAITING, Verdict.OBSERVED)


def newest_of_training_hash(resource: Resource, registry: RegistrySeen) -> VersionSeen | None:
    training_hash = digests.training_hash(resource)
    return next(
        (item for item in registry.versions if item.run and item.training_hash == training_hash),
        None,
    )


def candidate(resource: Resource, registry: RegistrySeen) -> VersionSeen | None:
    """The newest version trained for this very spec, if the gate has not spoken about it yet."""
    newest, gate = newest_of_training_hash(resource, registry), digests.gate(resource)
    champion = registry.version(registry.champion)
    if newest is None or (champion is not None and newest.version <= champion.version):
        return None
    judged_otherwise = newest.verdict in JUDGED_OTHERWISE
    # Its promotion was cut off before anything changed: what the spec asks for may have.
    untouched = newest.verdict == Verdict.PASSED and newest.replaces == str(registry.alias)
    if not newest.verdict or untouched or (judged_otherwise and newest.gate != gate):
        return newest
    return None


def opponent(registry: RegistrySeen, version: VersionSeen) -> VersionSeen | None:
    """The version that one is compared with, or was when it was promoted."""
    if version.verdict in (Verdict.PASSED, Verdict.PROMOTING, Verdict.PROMOTED):
        return registry.version(int(version.replaces)) if version.replaces.isdigit() else None
    return registry.incumbent


def comparison_name(challenger: VersionSeen, champion: VersionSeen) -> ComparisonName | None:
    """None where a version does not say what it is or what it learnt from."""
    digests = (
        challenger.dataset_digest,
        challenger.contract_digest,
        champion.contract_digest,
    )
    return ComparisonName(*digests) if all(digests) else None
