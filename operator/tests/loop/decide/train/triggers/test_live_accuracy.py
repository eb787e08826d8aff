"""Live accuracy: when reviews say enough to start another run, and when that was answered."""

from __future__ import annotations

from dataclasses import replace

import pytest
from dandelion_operator.api.moments import after
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.status.training import RunState
from dandelion_operator.seen.observed import Observed
from given import NOW, deployment, job, registry, seen, version
from given.triggers import LATER, LOW, accuracy_below, due, start, starts, train

AWAY = Failure(Reason.STORAGE_UNREACHABLE, "no answer")
SPOILT = Failure(Reason.EVALUATION_FAILED, "s3://models/… is no live accuracy")


@pytest.mark.parametrize(
    ("below", "observed", "expected"),
    [
        pytest.param(0.8, due(), True, id="where the whole interval lies below"),
        pytest.param(0.774, due(), False, id="not where the upper bound reaches what is asked for"),
        pytest.param(0.7, due(), False, id="not for the estimate alone"),
        pytest.param(
            0.8, due(live=replace(LOW, reviewed=20, right=5)), True, id="for twenty answers"
        ),
        pytest.param(
            0.8,
            due(live=replace(LOW, reviewed=19, right=0, upper=0.2)),
            False,
            id="not for a handful, whatever it says",
        ),
        pytest.param(0.8, due(live=None), False, id="not where nobody reviewed anything"),
        pytest.param(0.8, due(live=AWAY), False, id="not where it cannot be read"),
        pytest.param(0.8, due(live=SPOILT), False, id="not where it is spoilt"),
        pytest.param(
            0.8,
            due(live=replace(LOW, computed_at=NOW)),
            False,
            id="not for what the last run began with",
        ),
        pytest.param(
            0.8,
            due(live=replace(LOW, computed_at=after(NOW, -1))),
            False,
            id="nor for what was older still",
        ),
        pytest.param(
            0.8,
            due(live=replace(LOW, computed_at=after(LATER, 1))),
            False,
            id="not before its moment has come by this clock",
        ),
        pytest.param(
            0.8,
            due(
                jobs=(job("run3", RunState.SUCCEEDED, decided=after(LATER, 3600)),),
                now=after(LATER, 7200),
            ),
            False,
            id="not where the last run was decided on after it",
        ),
        pytest.param(
            0.8,
            seen(
                registry=registry(version(1), champion=1),
                deployment=deployment(1),
                live=LOW,
                now=LATER,
            ),
            True,
            id="after the status was lost",
        ),
    ],
)
def test_reviews_start_a_run(below: float, observed: Observed, expected: bool) -> None:
    assert starts(accuracy_below(below), observed) is expected


def test_it_says_with_which_numbers_and_since_when() -> None:
    observed = due(live=replace(LOW, reviewed=1400, right=1054, upper=0.7746))
    found = start(train(accuracy_below(), observed))
    assert found is not None
    assert found.trigger == "LiveAccuracy"
    assert found.trigger_message == (
        "1,054 of 1,400 reviewed answers of version 3 are right, so with 95% confidence at most "
        "77.5% of all; accuracyBelow is 0.8"
    )
    held = train(accuracy_below(cooldownSeconds=3600), observed).held
    assert held is not None
    assert held.due.since == LATER
