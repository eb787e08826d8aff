"""What Prometheus is told of the loop, and what in status and registry each figure follows from."""

from __future__ import annotations

from datetime import datetime
from typing import Any

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.ports.metrics import loop
from dandelion_operator.seen.versions import RegistrySeen
from given import registry, seen, training, version

NOW, YESTERDAY = "2026-01-10T12:00:00Z", "2026-01-09T03:00:00Z"
A_WEEK_AGO = "2026-01-03T12:00:00Z"
AWAY = Failure(Reason.REGISTRY_UNREACHABLE, "no answer")
Told = set[tuple[str, tuple[str, ...], float]]


def told(
    spec: dict[str, Any] | None = None, known: RegistrySeen | Failure = AWAY, **status: Any
) -> Told:
    """`spec` is that of the triggers; the names are without what all have in common."""
    found = loop.figures(
        given.resource(triggers=spec or {}),
        seen(registry=known, now=NOW),
        given.status(**status),
    )
    return {(item.family.removeprefix("dandelion_"), item.labels, item.value) for item in found}


def at(moment: str) -> float:
    return datetime.fromisoformat(moment).timestamp()


def judged(decision: str, number: int | None = None, trigger: str = "Schedule") -> dict[str, Any]:
    about = {} if number is None else {"version": str(number)}
    return {"time": NOW, "decision": decision, "trigger": trigger} | about


def test_nothing_is_told_of_what_has_not_happened() -> None:
    assert told() == set()
    assert told(known=RegistrySeen()) == set()


@pytest.mark.parametrize(
    ("versions", "expected"),
    [
        pytest.param(
            [version(1, created=100), version(2, created=300), version(3, created=200)],
            {("last_version_timestamp_seconds", (), 300)},
            id="the newest",
        ),
        pytest.param([version(1)], set(), id="an MLflow that does not say when"),
        pytest.param(
            [version(1, created=100), version(2, created=300, run="")],
            {("last_version_timestamp_seconds", (), 100)},
            id="what somebody registered by hand is no run's",
        ),
    ],
)
def test_the_last_version_is_told_by_its_moment(versions: list[Any], expected: Told) -> None:
    assert told(known=registry(*versions)) == expected


@pytest.mark.parametrize(
    ("run", "labels"),
    [
        pytest.param({"trigger": "Schedule"}, ("Schedule",), id="a trigger"),
        pytest.param({"trigger": "FullMoon"}, ("Other",), id="a trigger of another release"),
        pytest.param({}, ("Other",), id="none that is known"),
    ],
)
def test_the_last_run_is_told_with_what_started_it(
    run: dict[str, Any], labels: tuple[str, ...]
) -> None:
    found = told(training=training("run1", startedAt=YESTERDAY, **run))
    assert found == {("last_run_timestamp_seconds", labels, at(YESTERDAY))}


def test_a_run_that_has_not_started_has_no_moment() -> None:
    assert told(training=training("run1", startedAt=None)) == set()


def test_the_runs_of_seven_days_are_counted_beside_their_limit() -> None:
    found = told({"maxRunsPerWeek": 3}, triggers={"startedAt": [NOW, YESTERDAY, A_WEEK_AGO]})
    assert found == {("triggered_runs", (), 2), ("triggered_runs_limit", (), 3)}


def test_a_schedule_is_told_by_its_next_moment_and_new_images_by_their_number() -> None:
    found = told(triggers={"nextScheduleTime": NOW, "newImages": 12})
    assert found == {
        ("triggered_runs", (), 0),
        ("next_schedule_timestamp_seconds", (), at(NOW)),
        ("new_images", (), 12),
    }


def test_what_is_due_and_held_back_is_told_with_its_reason_and_since_when() -> None:
    waiting = {"trigger": "NewImages", "since": YESTERDAY, "reason": "WeeklyBudget"}
    found = told(triggers={"waiting": waiting})
    assert found == {
        ("triggered_runs", (), 0),
        (
            "trigger_waiting_since_timestamp_seconds",
            ("NewImages", "WeeklyBudget"),
            at(YESTERDAY),
        ),
    }


@pytest.mark.parametrize(
    ("history", "expected"),
    [
        pytest.param(
            [judged("Rejected", 4), judged("TrainingStarted"), judged("Rejected", 3)],
            {("Rejected", "Schedule"): 2},
            id="each version, whatever came between",
        ),
        pytest.param(
            [judged("Rejected", 4), judged("Promoted", 3), judged("Rejected", 2)],
            {("Rejected", "Schedule"): 1},
            id="those since the last promotion",
        ),
        pytest.param(
            [judged("FollowedAlias", 2), judged("Rejected", 3)],
            {},
            id="none since a person moved the alias",
        ),
        pytest.param(
            [judged("Undecided", 3), judged("Rejected", 3)],
            {("Undecided", "Schedule"): 1},
            id="a version that was judged again counts as it was judged last",
        ),
        pytest.param(
            [judged("Rejected", 4, "RetrainRequested"), judged("Undecided", 3, "FullMoon")],
            {("Rejected", "RetrainRequested"): 1, ("Undecided", "Other"): 1},
            id="by what started their runs",
        ),
        pytest.param([judged("AwaitingApproval", 3)], {}, id="what waits for a person is neither"),
    ],
)
def test_versions_that_were_not_promoted_are_counted(
    history: list[dict[str, Any]], expected: dict[tuple[str, ...], float]
) -> None:
    assert told(history=history) == {
        ("challengers", labels, count) for labels, count in expected.items()
    }


def test_images_are_told_by_where_they_came_from_and_files_by_why_they_are_left_out() -> None:
    dataset = {
        "version": "sha256:images",
        "images": 90,
        "rejected": {"exact duplicate": 3, "not a usable image": 7},
        "fromAddresses": 5,
        "fromReviews": 4,
        "addresses": {"fetched": 3, "known": 2, "failed": 1},
    }
    assert told(dataset=dataset) == {
        ("dataset_images", ("storage",), 81),
        ("dataset_images", ("addresses",), 5),
        ("dataset_images", ("reviews",), 4),
        ("dataset_rejected_files", ("exact duplicate",), 3),
        ("dataset_rejected_files", ("not a usable image",), 7),
        ("dataset_addresses", ("fetched",), 3),
        ("dataset_addresses", ("known",), 2),
        ("dataset_addresses", ("failed",), 1),
    }


def test_a_dataset_of_listed_images_alone_is_one_figure() -> None:
    dataset = {"version": "sha256:images", "images": 90, "fromAddresses": 0, "fromReviews": 0}
    assert told(dataset=dataset) == {("dataset_images", ("storage",), 90)}
    assert told(dataset={"version": "sha256:images"}) == set()
