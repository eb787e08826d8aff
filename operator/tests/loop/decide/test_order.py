"""Accepted and contested: of two facts that hold at once the first is told, each once."""

from __future__ import annotations

from dataclasses import replace

import given
import pytest
from dandelion_operator.api.location import location
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.loop.decide import contest
from dandelion_operator.loop.decide.accept import accept
from dandelion_operator.seen.drift import Drift
from dandelion_operator.seen.observed import Observed
from given import seen

NO_SECRET = Failure(Reason.SECRET_MISSING, "no Secret mine")
AWAY = Failure(Reason.STORAGE_UNREACHABLE, "no answer")
LOGGING = given.resource(serving={"logging": {"images": True}})
WITHOUT_LOG = location(LOGGING, replace(given.DEFAULTS, log_uri=""))


@pytest.mark.parametrize(
    ("observed", "reason"),
    [
        pytest.param(
            seen(credentials=NO_SECRET), Reason.SECRET_MISSING, id="the keys before the log"
        ),
        pytest.param(seen(dataset=AWAY), Reason.LOG_UNAVAILABLE, id="the log before the dataset"),
    ],
)
def test_of_two_obstacles_the_first_is_told(observed: Observed, reason: Reason) -> None:
    assert accept(LOGGING, observed, WITHOUT_LOG).reason is reason


def test_what_a_rule_denies_comes_before_everything() -> None:
    denied = location(LOGGING, replace(given.DEFAULTS, log_uri="", datasets=()))
    found = accept(LOGGING, seen(credentials=NO_SECRET, dataset=AWAY), denied)
    assert found.reason is Reason.DATASET_NOT_ALLOWED


def test_missing_keys_alone_are_an_obstacle() -> None:
    found = accept(given.resource(), seen(credentials=NO_SECRET), given.place())
    assert (found.accepted, found.message) == (False, "no Secret mine")


def test_a_log_that_there_is_a_place_for_is_no_obstacle() -> None:
    found = accept(LOGGING, seen(), given.place(LOGGING))
    assert found.reason is Reason.VALID
    assert found.message == "the dataset s3://datasets/lawn can be read"


def test_fields_that_this_release_does_not_know_are_named() -> None:
    wanted = given.resource(rollout={"canary": True})
    assert "does not know spec.rollout.canary" in accept(wanted, seen(), given.place()).message


def of(count: int) -> Drift:
    names = tuple(f"spec.field{number}" for number in range(count))
    return Drift(names, ("kubectl",), ("kubectl",))


@pytest.mark.parametrize(
    ("count", "words"),
    [
        pytest.param(4, "spec.field0, spec.field1, spec.field2, spec.field3 of the", id="four"),
        pytest.param(6, "spec.field3 and 2 more of the", id="six"),
    ],
)
def test_of_many_contested_fields_the_first_four_are_named(count: int, words: str) -> None:
    (said,) = contest.words("Service", "lawn-inference", of(count))
    assert words in said


def test_a_rival_that_came_back_is_told_only_where_something_is_to_be_written() -> None:
    drift = Drift(corrected=("elsewhere",), rival="elsewhere")
    assert contest.words("Service", "lawn-inference", drift) == ()
    (said,) = contest.words("Service", "lawn-inference", drift, out_of_date=True)
    assert "is written by elsewhere as well" in said


def test_who_changed_nothing_is_not_noted_as_put_right() -> None:
    assert contest.corrected(Drift(writers=("kubectl",))) == ()
