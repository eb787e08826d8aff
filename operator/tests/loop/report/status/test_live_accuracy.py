"""What the status tells of live accuracy: of the version that serves, and what was known before."""

from __future__ import annotations

from dataclasses import replace

import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.status.versions import LiveAccuracy, Reviews
from dandelion_operator.loop.report.live_accuracy import live_accuracy, reviews
from dandelion_operator.seen.live import LiveAccuracySeen, ReviewsSeen
from dandelion_operator.seen.observed import Observed
from given import serving, status

MOMENT = "2026-03-10T12:00:00Z"
SEEN = LiveAccuracySeen(3, 2, 0.123456, 0.98765, 0.95, MOMENT, rejected=1, corrections=4)
TOLD = LiveAccuracy(
    version="1",
    reviewed=3,
    right=2,
    accuracy=0.6667,
    lower=0.1235,
    upper=0.9877,
    confidence=0.95,
    rejected=1,
    corrections=4,
    computed_at=MOMENT,
)
AWAY = Failure(Reason.STORAGE_UNREACHABLE, "no answer")
REFUSED = Failure(Reason.CREDENTIALS_REJECTED, "the keys are refused")


def observed(live: LiveAccuracySeen | Failure | None, before: LiveAccuracy | None) -> Observed:
    known = before.model_dump(by_alias=True) if before is not None else None
    return replace(serving(1), live=live, previous=status(liveAccuracy=known))


@pytest.mark.parametrize(
    ("live", "before", "told"),
    [
        pytest.param(SEEN, None, TOLD, id="as it was read, rounded"),
        pytest.param(
            replace(SEEN, reviewed=0, right=0),
            None,
            TOLD.model_copy(update={"reviewed": 0, "right": 0, "accuracy": None}),
            id="without a figure where nothing has a label",
        ),
        pytest.param(None, TOLD, None, id="nothing where nobody reviews"),
        pytest.param(AWAY, TOLD, TOLD, id="what was known, while storage is away"),
        pytest.param(AWAY, None, None, id="nothing new, while storage is away"),
        pytest.param(
            AWAY,
            TOLD.model_copy(update={"version": "2"}),
            None,
            id="nothing that was known of another version",
        ),
        pytest.param(
            REFUSED,
            None,
            LiveAccuracy(version="1", message="the keys are refused"),
            id="why it is not known",
        ),
        pytest.param(
            REFUSED,
            TOLD,
            TOLD.model_copy(update={"message": "the keys are refused"}),
            id="beside what was known",
        ),
        pytest.param(
            SEEN,
            TOLD.model_copy(update={"message": "the keys are refused"}),
            TOLD,
            id="and no longer once it is",
        ),
    ],
)
def test_what_is_told(
    live: LiveAccuracySeen | Failure | None,
    before: LiveAccuracy | None,
    told: LiveAccuracy | None,
) -> None:
    assert live_accuracy(observed(live, before)) == told


def test_nothing_serves_and_nothing_is_told() -> None:
    assert live_accuracy(replace(observed(SEEN, None), deployment=None)) is None


EARLIER = "2026-03-01T12:00:00Z"


@pytest.mark.parametrize(
    ("found", "before", "told"),
    [
        pytest.param(ReviewsSeen(MOMENT), EARLIER, MOMENT, id="when somebody decided last"),
        pytest.param(ReviewsSeen(""), None, None, id="nothing where nobody did yet"),
        pytest.param(ReviewsSeen(""), EARLIER, None, id="nothing where decisions were taken away"),
        pytest.param(None, EARLIER, None, id="nothing where nobody is asked to"),
        pytest.param(AWAY, EARLIER, EARLIER, id="what was known, while storage is away"),
        pytest.param(REFUSED, None, None, id="nothing new, while it cannot be read"),
    ],
)
def test_the_last_decision_is_told(
    found: ReviewsSeen | Failure | None, before: str | None, told: str | None
) -> None:
    known = {"lastDecisionTime": before} if before else None
    seen = replace(serving(1), reviews=found, previous=status(reviews=known))
    assert reviews(seen) == (Reviews(last_decision_time=told) if told else None)
