"""Each phrase of a verdict by itself, on both sides of what it turns on."""

from __future__ import annotations

from dataclasses import replace

import pytest
from dandelion_operator.loop.decide.gate.judge import words
from dandelion_operator.loop.decide.gate.judge.evidence import Difference
from given.evidence import classes, compared, figures


def between(lower: float, upper: float) -> Difference:
    return Difference(0.9, 0.9, (lower + upper) / 2, lower, upper)


@pytest.mark.parametrize(
    ("said", "phrase"),
    [
        (words.sentences("one", "", "two"), "one. Two"),
        (words.not_worse(between(-0.03, -0.01), 0), "better than the champion"),
        (
            words.not_worse(between(-0.03, -0.01), 0.05),
            "worse than the champion, but by less than the margin of 5 points",
        ),
        (words.not_worse(between(-0.01, 0.01), 0.05), "not worse by the margin of 5 points"),
        (words.worse(between(-0.2, -0.1), 0), "worse than the champion"),
        (words.worse(between(-0.2, -0.01), 0.05), "worse than the champion"),
        (
            words.worse(between(-0.2, -0.1), 0.05),
            "worse than the champion by more than the margin of 5 points",
        ),
        (words.resolution(None, 9, 10, 0.02), ""),
        (words.resolution(0.03, None, 10, 0.02), "this holdout can tell differences of 3 points"),
        (words.resolution(0.03, 10, 10, 0.02), "this holdout can tell differences of 3 points"),
        (
            words.resolution(0.03, 30, 10, 0.02),
            "this holdout can tell differences of 3 points; about 20 more images would tell 2 "
            "points",
        ),
        (words.points(0.02, 0.02), "+2.0"),
        (words.points(0.02, 0.02001), "+2.000"),
        (words.points(-0.02), "−2.0"),
    ],
)
def test_a_phrase(said: str, phrase: str) -> None:
    assert said == phrase


def test_classes_that_came_and_went_are_told_apart() -> None:
    known = figures(classes=classes(moss=(0.5, 7)))
    shared = compared()
    gained, lost = replace(shared, gained=("moss", "reed")), replace(shared, lost=("oak",))
    assert words.classes(shared, known) == ()
    assert words.classes(gained, known) == (
        "compared on the 2 shared classes only; new: moss (recall 0.50 on 7 images), reed (no "
        "holdout image)",
    )
    assert words.classes(lost, known) == ("compared on the 2 shared classes only; lost: oak",)
