"""The gauges of live accuracy: one version's at a time, and gone with what they are about."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.api.status import Status, parse
from dandelion_operator.ports import metrics
from prometheus_client import REGISTRY

KEY = NamespacedName("default", "measured")
SAID = {"version": "3", "reviewed": 40, "right": 30, "accuracy": 0.75, "lower": 0.55, "upper": 0.89}


@pytest.fixture(autouse=True)
def no_series_are_left() -> Iterator[None]:
    yield
    metrics.forget(KEY)


def status(**about: Any) -> Status:
    return parse({"liveAccuracy": SAID | about})


def series() -> dict[tuple[str, ...], float]:
    """By version and figure, of this resource alone."""
    return {
        (sample.labels["version"], sample.labels.get("figure", "reviewed")): sample.value
        for family in REGISTRY.collect()
        if family.name.startswith("dandelion_live_")
        for sample in family.samples
        if sample.labels["name"] == KEY.name
    }


def test_the_estimate_stands_with_its_bounds_and_the_number_behind_it() -> None:
    metrics.record(KEY, Status(), status())
    assert series() == {
        ("3", "estimate"): 0.75,
        ("3", "lower"): 0.55,
        ("3", "upper"): 0.89,
        ("3", "reviewed"): 40,
    }


@pytest.mark.parametrize(
    ("after", "versions"),
    [
        pytest.param(status(version="4"), {"4"}, id="another version serves"),
        pytest.param(Status(), set(), id="nobody reviewed the next one"),
        pytest.param(
            parse({"liveAccuracy": {"version": "3", "message": "no JSON"}}),
            set(),
            id="it is not known any more",
        ),
    ],
)
def test_what_is_no_longer_so_is_gone(after: Status, versions: set[str]) -> None:
    metrics.record(KEY, Status(), status())
    metrics.record(KEY, status(), after)
    assert {version for version, _ in series()} == versions


def test_a_deleted_resource_leaves_nothing() -> None:
    metrics.record(KEY, Status(), status())
    metrics.forget(KEY)
    assert series() == {}


def test_an_operator_that_leads_no_longer_tells_nothing() -> None:
    metrics.record(KEY, Status(), status())
    metrics.forget_all()
    assert series() == {}


def test_when_people_decided_last_is_told_until_it_is_not_known_any_more() -> None:
    labels = {"namespace": KEY.namespace, "name": KEY.name}

    def told() -> float | None:
        return REGISTRY.get_sample_value("dandelion_last_decision_timestamp_seconds", labels)

    decided = parse({"reviews": {"lastDecisionTime": "1970-01-02T00:00:07Z"}})
    metrics.record(KEY, Status(), decided)
    assert told() == 86407
    metrics.record(KEY, decided, parse({"reviews": {"lastDecisionTime": "lately"}}))
    assert told() is None
    metrics.record(KEY, Status(), decided)
    metrics.record(KEY, decided, Status())
    assert told() is None
