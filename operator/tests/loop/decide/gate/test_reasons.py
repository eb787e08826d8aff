"""Promote?: a verdict says why, and a promotion who made it."""

from __future__ import annotations

from dataclasses import replace

import given
import pytest
from dandelion_operator.loop.decide.gate.judge.interval import score_bounds
from dandelion_operator.loop.decide.gate.promote import promote
from dandelion_operator.loop.decide.plan.versions import SetVerdict
from dandelion_operator.seen.comparison import ClassFigures, Comparison
from given import (
    comparison,
    contract,
    registry,
    status,
    version,
)
from given.judging import NEW, beside, reason_of
from given.report.told import PLAIN

OBSERVE = given.resource(promotion={"mode": "Observe"})
GIVEN_AND_NEWER = beside(
    registry=registry(
        version(4, verdict="promoting"), version(5, verdict="promoting", replaces="3"), champion=4
    ),
)


@pytest.mark.parametrize(
    ("verdict", "reason"),
    [
        pytest.param("promoting", "it passes", id="by the gate"),
        pytest.param("awaiting", "the alias champion was set by a person", id="by a person"),
    ],
)
def test_a_promotion_says_who_made_it(verdict: str, reason: str) -> None:
    found = promote(
        PLAIN,
        beside(
            previous=status(champion={"version": "4"}),
            registry=registry(
                version(3), version(4, verdict=verdict, verdict_reason="it passes"), champion=4
            ),
        ),
    )
    assert reason_of(found) == reason


def test_a_begun_promotion_that_a_person_overtook_says_so() -> None:
    begun = version(4, verdict="promoting", replaces="3")
    found = promote(PLAIN, beside(registry=registry(version(2), begun, champion=2)))
    assert reason_of(found) == "somebody moved the alias champion to version 2 meanwhile"


def test_an_alias_that_was_given_is_told() -> None:
    told_of = promote(PLAIN, GIVEN_AND_NEWER).promotion
    assert told_of is not None
    assert told_of.version == 4


def test_the_first_version_replaces_none() -> None:
    first = beside(registry=registry(NEW))
    verdict = promote(PLAIN, first).actions[0]
    assert isinstance(verdict, SetVerdict)
    assert verdict.replaces == ""


UNSURE = comparison(4, 4, images=100)


@pytest.mark.parametrize(
    ("found", "accuracy", "words"),
    [
        pytest.param(comparison(), 0.9, "would have been promoted: accuracy", id="one that passes"),
        pytest.param(comparison(), 0.1, "would have been rejected: accuracy", id="one too bad"),
        pytest.param(
            UNSURE, 0.9, "would have been promoted: accuracy", id="one that passes undecided"
        ),
    ],
)
def test_observe_says_what_would_have_been(found: Comparison, accuracy: float, words: str) -> None:
    new = beside(found, artifacts={3: contract(), 4: contract(accuracy)})
    assert reason_of(promote(OBSERVE, new)).startswith(words)


def test_a_contract_without_the_metric_says_so() -> None:
    found = promote(given.resource(promotion={"metric": "macroF1"}), beside())
    assert reason_of(found) == "its contract holds no metric macroF1: rejected"


def test_images_are_counted_by_class_where_the_contract_does_not_say() -> None:
    known = replace(
        contract(0.1),
        holdout=None,
        by_class={"leaf": ClassFigures(7, 0.1), "moss": ClassFigures(5, 0.1)},
    )
    found = promote(PLAIN, beside(artifacts={3: contract(), 4: known}))
    assert "on 12 images" in reason_of(found)


def test_classes_that_only_the_comparison_found_unanswered_are_told() -> None:
    silent = replace(comparison(), never_answered=("moss",))
    assert "ever answered: moss" in reason_of(promote(PLAIN, beside(silent)))


def test_a_version_that_is_worse_is_told_so_before_it_improves_too_little() -> None:
    asking = given.resource(promotion={"minImprovement": 0.02})
    words = reason_of(promote(asking, beside(comparison(losses=40))))
    assert "worse than the champion" in words


def test_counts_that_are_none_are_refused_before_a_confidence() -> None:
    with pytest.raises(ValueError, match="no counts of a comparison"):
        score_bounds(1, 1, 0, confidence=2)
