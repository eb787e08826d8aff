"""What the status tells of people's reviews: how often the version that serves was right, and when
somebody decided last.
"""

from __future__ import annotations

from dandelion_operator.api.reasons import Failure
from dandelion_operator.api.status.versions import LiveAccuracy, Reviews
from dandelion_operator.seen.observed import Observed

DIGITS = 4


def live_accuracy(observed: Observed) -> LiveAccuracy | None:
    """What was known of that version stays while nobody can look."""
    found, target = observed.live, observed.deployment.target if observed.deployment else None
    if found is None or target is None:
        return None
    version, before = str(target.version), observed.previous.live_accuracy
    if isinstance(found, Failure):
        known = before if before is not None and before.version == version else None
        if found.may_pass:
            return known
        return (known or LiveAccuracy(version=version)).model_copy(
            update={"message": found.message}
        )
    return LiveAccuracy(
        version=version,
        reviewed=found.reviewed,
        right=found.right,
        accuracy=_rounded(found.accuracy),
        lower=_rounded(found.lower),
        upper=_rounded(found.upper),
        confidence=found.confidence,
        rejected=found.rejected,
        corrections=found.corrections,
        computed_at=found.computed_at,
    )


def reviews(observed: Observed) -> Reviews | None:
    """What was known stays while nobody can look."""
    found = observed.reviews
    if isinstance(found, Failure):
        return observed.previous.reviews
    if found is None or not found.last_decision:
        return None
    return Reviews(last_decision_time=found.last_decision)


def _rounded(share: float | None) -> float | None:
    return None if share is None else round(share, DIGITS)
