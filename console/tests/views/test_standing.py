"""How a resource is, in one word, from what the operator wrote."""

from __future__ import annotations

from typing import Any

import pytest
from dandelion_console.resource import parse
from dandelion_console.views.standing import State, run_in_flight, standing
from given.models import READY, condition, model

FAILED = condition("Trained", "False", "TrainingFailed", "it failed")
TABLE: dict[str, tuple[list[dict[str, Any]], State, str]] = {
    "it serves": ([READY], State.READY, "Ready"),
    "it serves, and its last run failed": ([READY, FAILED], State.READY, "Ready"),
    "it does not serve": ([condition("Ready", "False", "X")], State.TROUBLE, "Not ready"),
    "it is not known whether it serves": (
        [condition("Ready", "Unknown", "X")],
        State.WAITING,
        "Unknown",
    ),
    "the spec has changed since": (
        [condition("Ready", "True", "Serving", generation=0)],
        State.WAITING,
        "Being looked at",
    ),
    "the operator has not written anything": ([], State.WAITING, "Unknown"),
}


@pytest.mark.parametrize("case", TABLE)
def test_the_word_for_it(case: str) -> None:
    conditions, state, word = TABLE[case]
    found = standing(parse(model(conditions=conditions)))
    assert (found.state, found.word) == (state, word)


def test_a_model_that_serves_tells_what_else_is_false() -> None:
    found = standing(parse(model(conditions=[READY, FAILED])))
    assert [item.reason for item in found.others] == ["TrainingFailed"]


@pytest.mark.parametrize("state", ["Succeeded", "Failed", "", "Another"])
def test_a_run_that_has_ended_is_not_in_flight(state: str) -> None:
    assert run_in_flight(parse(model(training={"state": state}))) is None


def test_a_search_tells_its_trials() -> None:
    search = {"trials": 20, "finished": 5, "pruned": 2}
    run = run_in_flight(parse(model(training={"state": "Running", "search": search})))
    assert run is not None
    assert run.words == "running, 7 of 20 trials"


def test_what_has_another_shape_is_left_out_and_the_rest_is_shown() -> None:
    raw = model(drift="far", live_accuracy={"accuracy": 0.9})
    found = parse(raw).status
    assert found.drift is None
    assert found.champion is not None
