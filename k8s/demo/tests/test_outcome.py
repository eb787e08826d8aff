"""When the demo goes on waiting, and when it gives up."""

from __future__ import annotations

from typing import Any

import pytest
from dandelion_demo import outcome


def _resource(observed: int = 2, **conditions: tuple[str, str]) -> dict[str, Any]:
    return {
        "metadata": {"generation": 2},
        "status": {
            "observedGeneration": observed,
            "phase": "Training",
            "conditions": [
                {"type": kind, "status": status, "reason": reason, "message": ""}
                for kind, (status, reason) in conditions.items()
            ],
        },
    }


@pytest.mark.parametrize(
    ("resource", "done", "reason"),
    [
        (_resource(Trained=("True", "TrainingComplete"), Ready=("True", "Serving")), True, None),
        (_resource(observed=1, Trained=("True", "x"), Ready=("True", "Serving")), False, None),
        (_resource(Trained=("Unknown", "x"), Ready=("True", "Serving")), False, None),
        (
            _resource(Accepted=("True", "Valid"), Trained=("Unknown", "TrainingRunning")),
            False,
            None,
        ),
        (_resource(Accepted=("False", "DatasetEmpty")), False, "DatasetEmpty"),
        (_resource(Trained=("False", "TrainingFailed")), False, "TrainingFailed"),
        (_resource(Promoted=("False", "NoVersion")), False, None),
        (_resource(Promoted=("False", "GateFailed")), False, "GateFailed"),
        (_resource(observed=1, Accepted=("False", "DatasetEmpty")), False, None),
        ({"metadata": {"generation": 1}}, False, None),
    ],
    ids=[
        "trained and ready",
        "ready for the spec before this one",
        "an older version serves while a new one trains",
        "training",
        "an empty dataset",
        "a failed training",
        "no version yet",
        "a model below the gate",
        "a mistake in the spec before this one",
        "no status yet",
    ],
)
def test_the_demo_waits_or_gives_up(
    resource: dict[str, Any], done: bool, reason: str | None
) -> None:
    obstacle = outcome.obstacle(resource)
    assert outcome.is_done(resource) is done
    assert (obstacle["reason"] if obstacle else None) == reason
