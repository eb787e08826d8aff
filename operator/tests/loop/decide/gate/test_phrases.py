"""Each phrase of a verdict by itself, on both sides of what it turns on."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from dandelion_operator.loop.decide.gate.judge import words
from dandelion_operator.loop.decide.gate.judge.evidence import Difference
from given.evidence import classes, compared, figures


def between(lower: float, upper: float) -> Difference:
    return Difference(0.9, 0.9, (lower + upper) / 2, lower, upper)


@pytest.mark.parametrize(
    ("phrase", "about", "said"),
    [
        pytest.param(
            words.sentences, ("one", "", "two"), "one. Two", id="what is empty is no part"
        ),
        pytest.param(
            words.not_worse,
            (between(-0.03, -0.01), 0),
            "better than the champion",
            id="without a margin what is not worse is better",
        ),
        pytest.param(
            words.not_worse,
            (between(-0.03, -0.01), 0.05),
            "worse than the champion, but by less than the margin of 5 points",
            id="worse by less than the margin",
        ),
        pytest.param(
            words.not_worse,
            (between(-0.01, 0.01), 0.05),
            "not worse by the margin of 5 points",
            id="worse or better by less than the margin",
        ),
        pytest.param(
            words.worse,
            (between(-0.2, -0.1), 0),
            "worse than the champion",
            id="without a margin what is worse is just that",
        ),
        pytest.param(
            words.worse,
            (between(-0.2, -0.01), 0.05),
            "worse than the champion",
            id="worse by more or less than the margin",
        ),
        pytest.param(
            words.worse,
            (between(-0.2, -0.1), 0.05),
            "worse than the champion by more than the margin of 5 points",
            id="worse by more than the margin",
        ),
        pytest.param(words.resolution, (None, 9, 10, 0.02), "", id="nothing tells"),
        pytest.param(
            words.resolution,
            (0.03, None, 10, 0.02),
            "this holdout can tell differences of 3 points",
            id="no number of images would tell more",
        ),
        pytest.param(
            words.resolution,
            (0.03, 10, 10, 0.02),
            "this holdout can tell differences of 3 points",
            id="there are as many images as it takes",
        ),
        pytest.param(
            words.resolution,
            (0.03, 30, 10, 0.02),
            "this holdout can tell differences of 3 points; about 20 more images would tell 2 "
            "points",
            id="more images would tell the margin",
        ),
        pytest.param(
            words.resolution,
            (0.0204, 10, 10, 0.02),
            "this holdout can tell differences of 2.04 points",
            id="as many digits as tell it from the margin",
        ),
        pytest.param(
            words.share, (0.80005 - 1e-9, 0.80005 + 1e-9), "0.800", id="what only rounding tells"
        ),
        pytest.param(words.points, (0.02, 0.02), "+2.0", id="points beside the same"),
        pytest.param(words.points, (0.02, 0.02001), "+2.000", id="points beside nearly the same"),
        pytest.param(words.points, (-0.02,), "−2.0", id="points lost"),
    ],
)
def test_a_phrase(phrase: Callable[..., str], about: tuple[Any, ...], said: str) -> None:
    assert phrase(*about) == said


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
