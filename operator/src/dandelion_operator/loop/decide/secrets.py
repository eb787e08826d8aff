"""The keys beside a resource: which are written, and which are left to somebody else."""

from __future__ import annotations

from dandelion_operator.api import naming
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.decide import contest
from dandelion_operator.loop.decide.plan.children import RefreshSecret
from dandelion_operator.seen.keys import TemporaryKey
from dandelion_operator.seen.observed import Observed

NAMES = {
    naming.TRAINING: naming.training_secret,
    naming.INFERENCE: naming.inference_secret,
    naming.LOG: naming.log_secret,
}


def secrets(observed: Observed) -> tuple[RefreshSecret, ...]:
    """A key that others put in the place of the installation's is drift, and not out of date."""
    return tuple(
        RefreshSecret(purpose, contest.corrected(observed.drift(purpose)), _key(observed, purpose))
        for purpose in NAMES
        if _can_be_written(observed, purpose)
        and contest.writes(observed.drift(purpose), _out_of_date(observed, purpose))
    )


def contested_secrets(resource: Resource, observed: Observed) -> tuple[str, ...]:
    return tuple(
        found
        for purpose, name in NAMES.items()
        for found in contest.words(
            "Secret",
            name(resource.key),
            observed.drift(purpose),
            _out_of_date(observed, purpose),
        )
    )


def _out_of_date(observed: Observed, purpose: str) -> bool:
    stale = purpose in observed.stale_secrets or _key(observed, purpose) is not None
    return stale and not observed.drift(purpose).fields


def _can_be_written(observed: Observed, purpose: str) -> bool:
    """Whether the key that is to lie there is at hand, and there is no other that has to stay."""
    look = observed.keys.get(purpose)
    if look is None:
        return True
    return not look.seen.held_shared and (look.is_shared or _key(observed, purpose) is not None)


def _key(observed: Observed, purpose: str) -> TemporaryKey | None:
    look = observed.keys.get(purpose)
    return look.given if look is not None and isinstance(look.given, TemporaryKey) else None
