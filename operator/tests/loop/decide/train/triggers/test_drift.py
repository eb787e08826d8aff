"""Drift of the images: how far it has to be, and by which windows, to start another run."""

from __future__ import annotations

import pytest
from dandelion_operator.api.moments import after
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.windows import WindowsOfSize
from given import NOW, status, training
from given.drifting import silent, told, windows
from given.triggers import AFAR, LATER, drift_above, due, judged, start, starts, train

NEXT_DAY = after(NOW, 86_400)
DAY_AFTER = after(NEXT_DAY, 1)


def far(*ratios: float, at: str = LATER) -> Observed:
    return due(windows=(told(windows(*ratios, at=at)),))


@pytest.mark.parametrize(
    ("above", "observed", "expected"),
    [
        pytest.param(1.5, due(), True, id="three windows in a row are so far"),
        pytest.param(2.0, due(), False, id="not at the level"),
        pytest.param(1, due(), True, id="above a lower one"),
        pytest.param(1.5, far(9.0, 9.0, 1.4), False, id="not for two of them"),
        pytest.param(1.5, far(9.0, 9.0), False, id="not before there are three"),
        pytest.param(1.5, far(*AFAR, at=NOW), False, id="not by windows from before the run's end"),
        pytest.param(
            1.5,
            due(windows=(told(windows(*AFAR, at=LATER), version=2),)),
            False,
            id="not by pods of another version",
        ),
        pytest.param(1.5, due(windows=(silent(),)), False, id="not by pods that tell nothing"),
        pytest.param(1.5, due(trigger="Drift"), True, id="again, once its version drifts"),
        pytest.param(
            1.5,
            due(previous=status(champion={"version": "3"}, training=training("run3"))),
            True,
            id="where nobody noted the end of the last run",
        ),
    ],
)
def test_drift_starts_a_run(above: float, observed: Observed, expected: bool) -> None:
    assert starts(drift_above(above), observed) is expected


def test_one_window_of_three_from_before_the_end_of_the_run_is_one_too_many() -> None:
    new, old = windows(*AFAR, at=LATER), windows(*AFAR, at=NOW)
    mixed = WindowsOfSize(20, (*new.last[:2], old.last[0]))
    assert not starts(drift_above(), due(windows=(told(mixed),)))


@pytest.mark.parametrize(
    ("observed", "expected"),
    [
        pytest.param(judged("rejected", "Drift"), False, id="it was rejected"),
        pytest.param(judged("undecided", "Drift"), False, id="it was undecided"),
        pytest.param(judged("rejected", "Drift", at=NEXT_DAY), False, id="for a day"),
        pytest.param(
            judged("rejected", "Drift", at=DAY_AFTER), True, id="and then by windows of then"
        ),
        pytest.param(
            judged(
                "rejected", "Drift", now=DAY_AFTER, windows=(told(windows(*AFAR, at=NEXT_DAY)),)
            ),
            False,
            id="and not by those from before",
        ),
        pytest.param(judged("awaiting", "Drift", at=DAY_AFTER), False, id="a person is asked"),
    ],
)
def test_what_a_run_for_drift_made_answers_it_where_it_does_not_serve(
    observed: Observed, expected: bool
) -> None:
    assert starts(drift_above(), observed) is expected


def test_it_says_how_far_by_which_windows_and_what_was_asked_for() -> None:
    found = start(train(drift_above(), due()))
    assert found is not None
    assert found.trigger == "Drift"
    assert found.trigger_message == (
        "3 windows of 20 answers in a row of version 3 reach 2 times a threshold (logDensity, "
        "2026-01-01T00:01:00Z), driftAbove is 1.5"
    )
