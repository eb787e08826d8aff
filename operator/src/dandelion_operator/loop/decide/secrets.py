"""Copies of the installation's keys: which are written, and which are left to somebody else."""

from __future__ import annotations

from dandelion_operator.api import naming
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.decide import contest
from dandelion_operator.loop.decide.plan.children import RefreshSecret
from dandelion_operator.seen.observed import Observed

NAMES = {
    naming.TRAINING: naming.training_secret,
    naming.INFERENCE: naming.inference_secret,
    naming.LOG: naming.log_secret,
}


def secrets(observed: Observed) -> tuple[RefreshSecret, ...]:
    """A key that others put in the place of the installation's is drift, and not out of date."""
    return tuple(
        RefreshSecret(purpose, contest.corrected(observed.drift(purpose)))
        for purpose in NAMES
        if contest.writes(observed.drift(purpose), _out_of_date(observed, purpose))
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
    return purpose in observed.stale_secrets and not observed.drift(purpose).fields
