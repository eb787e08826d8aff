"""Accepted?: can this spec be worked on at all."""

from __future__ import annotations

from dandelion_operator.observed import Failure, Observed
from dandelion_operator.plan import Acceptance
from dandelion_operator.reasons import Reason
from dandelion_operator.resource import Resource


def accept(resource: Resource, observed: Observed) -> Acceptance:
    for obstacle in (observed.keys, observed.dataset):
        if isinstance(obstacle, Failure):
            return Acceptance(False, obstacle.reason, obstacle.message)
    return Acceptance(
        True, Reason.VALID, f"the dataset {resource.spec.dataset.storage_uri} can be read"
    )
