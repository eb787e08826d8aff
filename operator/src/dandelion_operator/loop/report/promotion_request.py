"""What the status tells of a version that a person asked for, once it has come to something."""

from __future__ import annotations

from dandelion_operator.api import naming
from dandelion_operator.api.reasons import Failure
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status.versions import PromotionRequest, PromotionState
from dandelion_operator.seen.conclusions.promotion_request import wanted_version
from dandelion_operator.seen.observed import Observed


def promotion_request(resource: Resource, observed: Observed, now: str) -> PromotionRequest | None:
    previous = observed.previous
    wanted, registry = wanted_version(resource, previous), observed.registry
    if wanted is None:
        return previous.promotion_request

    def told(state: PromotionState, message: str) -> PromotionRequest:
        return PromotionRequest(
            value=resource.promote,
            version=str(wanted.version) if wanted.version else None,
            requested_by=resource.asked_by("promote", resource.promote),
            state=state,
            message=message,
            time=now,
        )

    if wanted.refused:
        return told(PromotionState.REFUSED, wanted.refused)
    if isinstance(registry, Failure):
        return previous.promotion_request
    if registry.version(wanted.version) is None:
        model = naming.registered_model(resource.key)
        words = f"MLflow has no version {wanted.version} of {model} among its newest"
        return told(PromotionState.REFUSED, words)
    if registry.alias != wanted.version:
        return previous.promotion_request
    return told(PromotionState.DONE, f"the alias champion names version {wanted.version}")
