"""What the status tells of live accuracy: of the version that serves, and what was known before."""

from __future__ import annotations

from dataclasses import replace

import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.status.versions import LiveAccuracy
from dandelion_operator.loop.report.live_accuracy import live_accuracy
from dandelion_operator.seen.live import LiveAccuracySeen
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
