"""What the status tells of drift, how often it is written, and what of it is told to people."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import given
import pytest
from dandelion_operator.api.moments import after
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status import Status
from dandelion_operator.api.status.versions import Drift
from dandelion_operator.loop.report.events import new_events
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.windows import PodWindows
from given import LATER, NOW, deployment, registry, serving, version
from given.drifting import told, windows
from given.report.told import message, words
from given.report.told import told as status_of

AFAR, NEAR, QUIET = (1.5, 2.5, 2.0), (0.5, 0.7, 0.6), (0.5,) * 5
PLAIN, WATCHED = given.resource(), given.resource(triggers={"driftAbove": 1.2})
SOON, OLD = after(NOW, 599), after(NOW, 600)
DAY, NEXT_DAY = after(NOW, 86_399), after(NOW, 86_400)


def observed(*pods: PodWindows, previous: Status | None = None, now: str = NOW) -> Observed:
    about: dict[str, Any] = {} if previous is None else {"previous": previous}
    return serving(3, windows=pods, now=now, **about)


def reported(
    *pods: PodWindows, wanted: Resource = PLAIN, previous: Status | None = None, now: str = NOW
) -> Status:
    return status_of(observed(*pods, previous=previous, now=now), wanted, now)


def test_the_furthest_series_is_told() -> None:
    near = told(windows(*NEAR, 9.0), windows(0.8, 0.9, 0.7, answers=50), pod="a")
    far = told(windows(*AFAR, at=LATER), windows(1.2, 1.2, 1.2, answers=50), pod="b")
    assert reported(near, far).drift == Drift(
        version="3", score=1.5, window=20, statistic="logDensity", pod="b", compared_at=LATER
    )
    assert reported(near, wanted=WATCHED).drift == Drift(
        version="3",
        score=0.7,
        above=1.2,
        window=50,
        statistic="logDensity",
        pod="a",
        compared_at=NOW,
    )


def test_what_is_just_above_a_threshold_is_not_told_as_one() -> None:
    found = reported(told(windows(1.0001, 1.0001, 1.0001)))
    assert found.drift is not None
    assert found.drift.score == 1.001
    assert words(found, "DriftDetected") == ("True", "ImagesDrifted")


def test_before_enough_was_compared_the_version_alone_is_told() -> None:
    assert reported(told(windows(9.0, 9.0))).drift == Drift(version="3")
    assert reported().drift == Drift(version="3")
    assert status_of(serving(3, deployment=None, windows=(told(windows(*AFAR)),))).drift is None


@pytest.mark.parametrize(
    ("ratios", "wanted", "now", "is_written"),
    [
        pytest.param((0.6, 0.7, 0.6), PLAIN, SOON, False, id="other numbers, soon"),
        pytest.param((0.6, 0.7, 0.6), PLAIN, OLD, True, id="other numbers, after a while"),
        pytest.param((0.5, 0.7, 0.6), PLAIN, OLD, False, id="the same numbers"),
        pytest.param((1.1, 1.1, 1.1), PLAIN, SOON, True, id="drift"),
        pytest.param((0.5, 0.7, 0.6), WATCHED, SOON, True, id="another level that is asked for"),
    ],
)
def test_numbers_of_the_same_meaning_are_not_written_each_time_they_change(
    ratios: tuple[float, ...], wanted: Resource, now: str, is_written: bool
) -> None:
    first = reported(told(windows(*NEAR)))
    seen = told(windows(*ratios))
    again = reported(seen, wanted=wanted, previous=first, now=now)
    assert (again.drift != first.drift) is is_written
    if wanted is PLAIN:
        assert (again != first) is is_written


@pytest.mark.parametrize(
    ("ratio", "is_written"), [(1.19, False), (1.2, False), (1.21, True), (1.5, True)]
)
def test_what_comes_to_start_a_run_is_written_at_once(ratio: float, is_written: bool) -> None:
    first = reported(told(windows(1.1, 1.1, 1.1)), wanted=WATCHED)
    again = reported(told(windows(ratio, ratio, ratio)), wanted=WATCHED, previous=first, now=SOON)
    assert (again.drift != first.drift) is is_written


@pytest.mark.parametrize("left", [{"score": 1.5}, {"comparedAt": NOW}])
def test_half_of_what_was_told_before_is_written_anew(left: dict[str, Any]) -> None:
    before = given.status(drift={"version": "3"} | left)
    found = reported(told(windows(*AFAR)), previous=before, now=SOON)
    assert found.drift == reported(told(windows(*AFAR))).drift


def test_pods_that_began_anew_leave_the_numbers_of_before_and_another_version_does_not() -> None:
    first = reported(told(windows(*AFAR)))
    anew = told(windows())
    assert reported(anew, previous=first, now=SOON).drift == first.drift
    other = replace(
        observed(anew, previous=first),
        deployment=deployment(4),
        registry=registry(version(3), version(4), champion=4),
    )
    assert status_of(other).drift == Drift(version="4")


def decisions(found: Status) -> list[tuple[str, str | None]]:
    return [(item.decision, item.version) for item in found.history]


def test_drift_that_begins_and_ends_is_two_entries_and_two_events() -> None:
    calm = reported(told(windows(*NEAR)))
    assert decisions(calm) == []
    begun = reported(told(windows(*AFAR)), previous=calm, now=SOON)
    assert decisions(begun) == [("ImagesDrifted", "3")]
    (event,) = (item for item in new_events(calm, begun) if item.reason == "ImagesDrifted")
    assert event.warning
    assert event.message == f"version 3: {message(begun, 'DriftDetected')}"
    goes_on = reported(told(windows(*AFAR, at=OLD)), previous=begun, now=OLD)
    assert goes_on.history == begun.history
    over = reported(told(windows(*QUIET)), previous=goes_on, now=LATER)
    assert words(over, "DriftDetected")[0] == "True", "it began 3,001 s ago"
    over = reported(told(windows(*QUIET)), previous=goes_on, now=NEXT_DAY)
    assert decisions(over) == [("NoDrift", "3"), ("ImagesDrifted", "3")]
    (event,) = (item for item in new_events(goes_on, over) if item.reason == "NoDrift")
    assert not event.warning


@pytest.mark.parametrize(("now", "told_again"), [(DAY, False), (NEXT_DAY, True)])
def test_what_comes_and_goes_is_told_once_a_day(now: str, told_again: bool) -> None:
    begun = reported(told(windows(*AFAR)))
    assert decisions(begun) == [("ImagesDrifted", "3")]
    over = reported(told(windows(*QUIET)), previous=begun, now=after(NOW, 3600))
    again = reported(told(windows(*AFAR)), previous=over, now=now)
    assert words(again, "DriftDetected") == ("True", "ImagesDrifted")
    assert [item for item, _ in decisions(again)].count("ImagesDrifted") == 1 + told_again


def test_that_too_little_is_known_is_no_entry_and_no_event() -> None:
    begun = reported(told(windows(*NEAR)))
    anew = reported(told(windows()), previous=begun, now=SOON)
    assert words(anew, "DriftDetected") == ("Unknown", "TooFewAnswers")
    assert anew.history == begun.history
    assert list(new_events(begun, anew)) == []
