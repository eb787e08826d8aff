"""The reference that drift is measured against comes with the contract, and is believed only where
it adds up.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
from dandelion_inference.errors import LoadError, Reason
from dandelion_inference.model.reference import comparable
from fakes.s3 import FakeS3
from given import artifacts
from running.loading import load

RISING = [round(0.34 + 0.01 * number, 4) for number in range(65)]


def reference(**changed: Any) -> dict[str, Any]:
    answers = {
        "images": 400,
        "meanConfidence": 0.7,
        "confidence": RISING,
        "probability": {"red": [0.0] * 64 + [0.98], "blue": RISING},
    }
    return {
        "meanRGB": [0.5, 0.4, 0.3],
        "stdRGB": [0.2, 0.2, 0.2],
        "classDistribution": {"red": 0.5, "green": 0.0, "blue": 0.5},
        "meanConfidence": 0.9,
        "answers": {**answers, **changed},
    }


def test_the_reference_answers_are_kept_with_the_model(s3: FakeS3, tmp_path: Path) -> None:
    model = load(artifacts.stored(referenceStatistics=reference()), s3, tmp_path)
    assert model.contract.reference is not None
    kept = model.contract.reference.answers
    assert kept is not None
    assert (kept.images, kept.mean_confidence) == (400, 0.7)
    red = kept.of("red")
    assert red is not None
    assert red.tolist() == [0.0] * 64 + [0.98]
    assert kept.of("green") is None


@pytest.mark.parametrize(
    "without",
    [
        pytest.param({}, id="no reference at all"),
        pytest.param(
            {"referenceStatistics": {k: v for k, v in reference().items() if k != "answers"}},
            id="statistics without answers",
        ),
    ],
)
def test_an_artifact_of_an_earlier_release_is_served(
    s3: FakeS3, tmp_path: Path, without: dict[str, Any]
) -> None:
    model = load(artifacts.stored(**without), s3, tmp_path)
    statistics = model.contract.reference
    assert statistics is None or statistics.answers is None


WRONG = {
    "too few quantiles": ({"confidence": RISING[1:]}, "at least 65"),
    "too many": ({"confidence": [*RISING, 1.0]}, "at most 65"),
    "falling": ({"confidence": RISING[::-1]}, "do not ascend"),
    "above one": ({"confidence": [*RISING[:-1], 1.1]}, "less than or equal to 1"),
    "below zero": ({"probability": {"red": [-0.1, *RISING[1:]]}}, "greater than or equal to 0"),
    "of no image": ({"images": 0}, "greater than or equal to 1"),
    "of no class": ({"probability": {}}, "at least 1"),
    "of too many classes": (
        {"probability": {f"class {n}": RISING for n in range(101)}},
        "at most 100",
    ),
    "of a class that is none": ({"probability": {"gold": RISING}}, "none of the classes"),
    "a mean that is no mean": ({"meanConfidence": 0.1}, "none of the confidences"),
    "more probable than the most probable": (
        {"probability": {"red": [0.0] * 64 + [1.0]}},
        "more probable",
    ),
}


@pytest.mark.parametrize("case", WRONG)
def test_reference_answers_that_do_not_add_up_are_refused(
    case: str, s3: FakeS3, tmp_path: Path
) -> None:
    changed, words = WRONG[case]
    with pytest.raises(LoadError, match=words) as caught:
        load(artifacts.stored(referenceStatistics=reference(**changed)), s3, tmp_path)
    assert caught.value.reason is Reason.MODEL_INVALID


def test_shares_that_are_not_of_a_whole_are_refused(s3: FakeS3, tmp_path: Path) -> None:
    told = reference() | {"classDistribution": {"red": 0.5, "green": 0.1, "blue": 0.5}}
    with pytest.raises(LoadError, match="not 1 together"):
        load(artifacts.stored(referenceStatistics=told), s3, tmp_path)


def test_what_is_compared_with_the_reference_is_rounded_alike() -> None:
    served = np.array([[0.99996, 0.123456], [1.23456e-7, 0.0]])
    assert comparable(served).tolist() == [[1.0, 0.1235], [1.235e-07, 0.0]]
