"""What the status tells of an evaluation, its comparison and the verdict that rests on them."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import given
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide import decide
from dandelion_operator.loop.decide.plan import Refusal
from dandelion_operator.loop.decide.plan.versions import SetVerdict
from dandelion_operator.seen.comparison import ClassFigures
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.versions import ContractSeen
from given import LATER, deployment, registry, resource, seen, serving, version
from given.report.told import PLAIN, message, told, was_ready, words

AWAY = Failure(Reason.STORAGE_UNREACHABLE, "no answer")


def judged(verdict: str, **about: Any) -> Observed:
    """Version 4 beside champion 3: four images each that only one of them gets right."""
    newest = version(4, **({"verdict": verdict, "gate": "gate1"} | about))
    ours = ContractSeen(
        {"accuracy": 0.9},
        classes=("dandelion", "grass"),
        holdout=120,
        by_class={"dandelion": ClassFigures(90, 1.0, 120), "grass": ClassFigures(30, 0.0, 0)},
    )
    return was_ready(
        3,
        registry=registry(version(3), newest, champion=4 if verdict == "promoting" else 3),
        artifacts={3: given.contract(), 4: ours},
        comparisons={given.compared(): given.comparison(5, 4, images=100)},
        deployment=deployment(3),
    )


HELD = "undecided: it may be worse by more than the margin of 2 points"


def test_an_undecided_version_is_told_with_what_would_help() -> None:
    hold = resource(promotion={"onUndecided": "Hold"})
    observed = judged("", gate="")
    (verdict,) = decide(hold, observed, given.place(hold)).promote.actions
    assert isinstance(verdict, SetVerdict)
    found = told(judged("undecided", verdict_reason=verdict.reason, gate=verdict.gate), hold)
    assert words(found, "Promoted") == ("Unknown", "Undecided")
    said = message(found, "Promoted")
    assert said.startswith("version 4: accuracy 0.960 against champion 3's 0.950")
    assert HELD in said
    assert "This holdout can tell differences of" in said
    assert "more images would tell 2 points" in said
    assert said.endswith(
        "version 3 stays the champion; to promote it all the same, set the alias champion to "
        "version 4"
    )
    assert (found.history[0].decision, found.history[0].version) == ("Undecided", "4")


@pytest.mark.parametrize(
    "observed",
    [
        pytest.param(judged("rejected"), id="rejected"),
        pytest.param(judged("promoting", replaces="3"), id="promoted"),
    ],
)
def test_the_status_shows_what_a_verdict_rests_on(observed: Observed) -> None:
    shown = told(observed).as_json()["evaluation"]
    low, high = shown.pop("interval")
    assert -0.05 < low < 0.01 < high < 0.08
    assert shown == {
        "datasetVersion": "sha256:images",
        "challenger": "4",
        "champion": "3",
        "images": 100,
        "difference": 0.01,
        "verdict": "undecided",
        "challengerOnly": 5,
        "championOnly": 4,
        "bothWrong": 0,
        "gained": [],
        "lost": [],
        "neverAnswered": ["grass"],
    }


def test_an_evaluation_is_remembered_while_storage_is_away() -> None:
    first = told(judged("rejected"))
    away = replace(judged("rejected"), previous=first, comparisons={given.compared(): AWAY})
    assert told(away, now=LATER).evaluation == first.evaluation


def test_a_first_version_is_evaluated_alone() -> None:
    found = told(
        seen(registry=registry(version(1, verdict="")), artifacts={1: given.contract(0.7)})
    )
    assert found.evaluation is not None
    assert (found.evaluation.challenger, found.evaluation.champion) == ("1", None)
    assert (found.evaluation.images, found.evaluation.verdict) == (1000, "rejected")


def test_a_champion_that_never_answers_a_class_is_told() -> None:
    silent = replace(
        given.contract(),
        by_class={"dandelion": ClassFigures(9, 1.0, 10), "grass": ClassFigures(1, 0.0, 0)},
    )
    found = told(serving(3, artifacts={3: silent}))
    assert message(found, "Promoted") == (
        "version 3 is the champion; classes that it gave to no holdout image: grass"
    )


def test_a_comparison_that_goes_on_or_failed_is_told() -> None:
    waits = replace(judged("", gate=""), comparisons={given.compared(): None})
    going = told(replace(waits, evaluations=(given.evaluation(),)))
    assert words(going, "Promoted") == ("Unknown", "EvaluationRunning")
    failed = told(replace(waits, evaluations=(given.evaluation(RunState.FAILED, message="x"),)))
    assert words(failed, "Promoted") == ("Unknown", "EvaluationFailed")
    assert "InternalError: x; delete the Job" in message(failed, "Promoted")
    (start,) = decide(PLAIN, waits, given.place()).promote.actions
    refused = told(waits, refusals=(Refusal(start, "exceeded quota: pods=1", True),))
    assert words(refused, "Promoted") == ("Unknown", "EvaluationRunning")
    assert "exceeded quota" in message(refused, "Promoted")
