"""The phase: where two words would do, the one that stands first is told."""

from __future__ import annotations

import given
import pytest
from dandelion_operator.api.status.conditions import Condition
from dandelion_operator.loop.report.conditions.phase import phase

REFUSED = ("Accepted", "False", "StorageUnreachable")
TRAINS = ("Trained", "Unknown", "TrainingRunning")
SEARCHES = ("Trained", "Unknown", "SearchRunning")
ROLLS = ("RolledOut", "Unknown", "Progressing")
PULLS = ("RolledOut", "Unknown", "ImagePullFailed")
READY = ("Ready", "True", "Serving")
HELD = ("Trained", "Unknown", "Suspended")
WAITS = ("Promoted", "Unknown", "AwaitingApproval")
AT_ZERO = ("Ready", "False", "ScaledToZero")
FAILED = ("Trained", "False", "TrainingFailed")
STUCK = ("RolledOut", "False", "ProgressDeadlineExceeded")
PROMOTED = ("Promoted", "True", "VersionPromoted")


def of(*told: tuple[str, str, str]) -> tuple[Condition, ...]:
    return given.status(
        conditions=[
            {"type": kind, "status": status, "reason": reason, "lastTransitionTime": given.NOW}
            for kind, status, reason in told
        ]
    ).conditions


@pytest.mark.parametrize(
    ("told", "word"),
    [
        ((), "Pending"),
        ((REFUSED, TRAINS), "Blocked"),
        ((REFUSED, READY), "Serving"),
        ((TRAINS, ROLLS), "Training"),
        ((TRAINS,), "Training"),
        ((SEARCHES, READY), "Training"),
        ((ROLLS, READY), "RollingOut"),
        ((PULLS, READY), "RollingOut"),
        ((READY, HELD), "Serving"),
        ((HELD, WAITS), "Suspended"),
        ((WAITS, AT_ZERO), "AwaitingApproval"),
        ((AT_ZERO, FAILED), "ScaledToZero"),
        ((FAILED, STUCK, PROMOTED), "Failed"),
        ((STUCK, PROMOTED), "Degraded"),
        ((STUCK,), "Pending"),
        ((PROMOTED,), "Pending"),
    ],
    ids=lambda value: (
        " and ".join(item[2] for item in value) if isinstance(value, tuple) else value
    ),
)
def test_of_two_words_the_first_is_told(told: tuple[tuple[str, str, str], ...], word: str) -> None:
    assert phase(of(*told)) == word
