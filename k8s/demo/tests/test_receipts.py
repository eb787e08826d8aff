"""How decisions are told at the end of the loop's story."""

from __future__ import annotations

from dandelion_demo.loop.receipts import receipts, together

STARTED = {
    "time": "2026-01-31T09:30:00Z",
    "decision": "TrainingStarted",
    "trigger": "NewImages",
    "dataset": "57f1",
    "reason": "run 1a2b: 150 new images",
}
PROMOTED = {
    "time": "2026-01-31T09:31:05Z",
    "decision": "Promoted",
    "trigger": "NewImages",
    "dataset": "sha256:0123456789abcdef",
    "version": "2",
    "by": "Gate",
    "reason": "accuracy 0.951 against 0.912",
}


def test_what_the_status_has_forgotten_is_still_told() -> None:
    rejected = {**PROMOTED, "time": "2026-01-31T09:40:00Z", "decision": "Rejected"}
    assert together([], [STARTED]) == [STARTED]
    assert together([STARTED], [rejected, PROMOTED]) == [rejected, PROMOTED, STARTED]
    assert together([PROMOTED, STARTED], [PROMOTED, STARTED]) == [PROMOTED, STARTED]


def test_the_oldest_comes_first_with_who_and_why() -> None:
    assert receipts([PROMOTED, STARTED]).splitlines() == [
        "  09:30:00      TrainingStarted (NewImages): run 1a2b: 150 new images",
        "  09:31:05  v2  Promoted by Gate (NewImages): accuracy 0.951 against 0.912"
        " [dataset sha256:01234567]",
    ]
