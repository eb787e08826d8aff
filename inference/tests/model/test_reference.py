"""The reference that drift is measured against comes with the contract, and is believed only where
it adds up.
"""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from dandelion_inference.errors import LoadError, Reason
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
    assert kept.probability == {"red": (*[0.0] * 64, 0.98), "blue": tuple(RISING)}


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
    "of a log density that the graph has not": ({"logDensity": [-1.0] * 65}, "the graph has none"),
    "of features that the graph has not": (
        {"features": [0.1]},
        "1 features, and the graph has none",
    ),
    "of features longer than 1": ({"features": [1.5]}, "less than or equal to 1"),
    "of no feature": ({"features": []}, "at least 1"),
    "of features without end": ({"features": [0.0] * 4097}, "at most 4096"),
    "of a log density above zero": ({"logDensity": [0.5] * 65}, "less than or equal to 0"),
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


def test_features_of_another_number_than_the_graphs_are_refused(s3: FakeS3, tmp_path: Path) -> None:
    artifact = artifacts.stored(
        artifacts.colour_graph_with_features(),
        logDensity=artifacts.LOG_DENSITY,
        features=artifacts.FEATURES,
        referenceStatistics=reference(features=[0.1, 0.2]),
    )
    with pytest.raises(LoadError, match=r"2 features, and the graph gives them as \(3,\)"):
        load(artifact, s3, tmp_path)


TWENTY = {"answers": 20, "thresholds": {"probabilities": 0.5, "confidence": 1.6}}
WITHOUT_ANSWERS = {k: v for k, v in reference().items() if k != "answers"}
WRONG_DRIFT = {
    "a window without a threshold": (reference(), [TWENTY | {"thresholds": {}}], "at least 1"),
    "a window twice": (reference(), [TWENTY, TWENTY], "the same size"),
    "a window of no answer": (reference(), [TWENTY | {"answers": 0}], "greater than or equal to 1"),
    "a window without end": (reference(), [TWENTY | {"answers": 10**9}], "less than or equal"),
    "a threshold that is no number": (
        reference(),
        [TWENTY | {"thresholds": {"confidence": float("inf")}}],
        "finite number",
    ),
    "nothing to compare with": (WITHOUT_ANSWERS, [TWENTY], "no answers to compare with"),
    "no log density to compare with": (
        reference(),
        [TWENTY | {"thresholds": {"logDensity": 0.4}}],
        "the log density has a threshold",
    ),
    "no features to compare with": (
        reference(),
        [TWENTY | {"thresholds": {"features": 0.2}}],
        "the features have a threshold",
    ),
}


@pytest.mark.parametrize("case", WRONG_DRIFT)
def test_thresholds_for_drift_that_cannot_be_held_are_refused(
    case: str, s3: FakeS3, tmp_path: Path
) -> None:
    statistics, windows, words = WRONG_DRIFT[case]
    told = statistics | {"drift": {"falseAlarmRate": 0.01, "windows": windows}}
    with pytest.raises(LoadError, match=words) as caught:
        load(artifacts.stored(referenceStatistics=told), s3, tmp_path)
    assert caught.value.reason is Reason.MODEL_INVALID


def test_a_statistic_of_a_later_release_is_left_out(s3: FakeS3, tmp_path: Path) -> None:
    """The others are still exceeded as seldom as is told."""
    windows = [TWENTY | {"thresholds": {"confidence": 1.6, "embedding": 3.0}}]
    told = reference() | {"drift": {"falseAlarmRate": 0.01, "windows": windows}}
    model = load(artifacts.stored(referenceStatistics=told), s3, tmp_path)
    assert model.contract.reference is not None
    [window] = model.contract.reference.drift.windows
    assert window.thresholds == {"confidence": 1.6}


def test_shares_that_are_not_of_a_whole_are_refused(s3: FakeS3, tmp_path: Path) -> None:
    told = reference() | {"classDistribution": {"red": 0.5, "green": 0.1, "blue": 0.5}}
    with pytest.raises(LoadError, match="not 1 together"):
        load(artifacts.stored(referenceStatistics=told), s3, tmp_path)
