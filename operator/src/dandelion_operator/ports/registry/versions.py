"""What MLflow says of a model's versions, as what was seen of them. Pure."""

from __future__ import annotations

from collections.abc import Mapping

from dandelion_operator.api.naming import FIRST_TRAINING_HASH_TAG
from dandelion_operator.api.resource import GROUP
from dandelion_operator.api.words import foreign
from dandelion_operator.ports.registry.calls import ModelVersion
from dandelion_operator.ports.registry.memory import Pulse
from dandelion_operator.seen.versions import RegistrySeen, VersionSeen

NEWEST_VERSIONS = 50
TAG = f"{GROUP}/"


def registry_seen(
    pulse: Pulse, versions: Mapping[int, VersionSeen], knows_callers: bool = False
) -> RegistrySeen:
    """Of the newest versions, and of those that the two aliases name. Unless MLflow knows its
    callers, anybody may have noted who moved an alias.
    """
    aliases = dict(pulse.aliases)
    champion, challenger = aliases.get("champion"), aliases.get("challenger")
    newest = sorted(versions, reverse=True)
    kept = {*newest[:NEWEST_VERSIONS], champion, challenger}
    return RegistrySeen(
        champion=champion,
        challenger=challenger,
        versions=tuple(versions[number] for number in newest if number in kept),
        created=pulse.created,
        restoring=pulse.restoring,
        moved_by=_mover(pulse, champion) if knows_callers else "",
    )


def _mover(pulse: Pulse, champion: int | None) -> str:
    """Empty where the alias names another version than the one that was noted."""
    version, user = pulse.moved or (None, "")
    return user if version is not None and version == champion else ""


def version_seen(found: ModelVersion) -> VersionSeen:
    tags = {item.key: item.value or "" for item in found.tags or ()}

    def tag(name: str) -> str:
        return tags.get(f"{TAG}{name}", "")

    return VersionSeen(
        version=found.version,
        source=(found.source or "").rstrip("/"),
        run_id=foreign(found.run_id or ""),
        run=tag("run"),
        training_hash=tag("training-hash") or tag(FIRST_TRAINING_HASH_TAG),
        contract_digest=tag("contract-digest"),
        dataset_digest=tag("dataset-digest"),
        verdict=tag("verdict"),
        verdict_reason=tag("verdict-reason"),
        gate=tag("gate"),
        replaces=tag("replaces"),
        created=(found.creation_timestamp or 0) // 1000,
    )
