"""Serving computes of its answers what training set the thresholds for drift by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dandelion_inference.answer.drift.monitor import Windows
from dandelion_inference.answer.drift.statistics import Floats
from dandelion_inference.answer.prediction import Prediction, prediction
from dandelion_inference.model import reference as serving
from dandelion_inference.model.contract import Contract
from dandelion_inference.model.network import Outputs
from dandelion_inference.model.reference import DriftWindow
from dandelion_training.evaluate.figures import drift as training

from tests.agreement.training_and_serving.test_reference_answers import FEATURES, written

WINDOWS = 20


def later(classes: int, images: int) -> tuple[Floats, Floats, Floats]:
    """Logits, log densities and features of images like the holdout's; of some the network is very
    sure."""
    chance = np.random.default_rng(7)
    logits = chance.normal(scale=3, size=(images, classes))
    logits[::3, 0] += 30
    density = -np.square(chance.normal(size=images))
    features = chance.normal(scale=0.1, size=(images, FEATURES))
    return logits.astype(np.float32).astype(np.float64), density, features


def probabilities(contract: Contract, logits: Floats) -> Floats:
    z = logits / contract.calibration.temperature
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def predictions(
    contract: Contract, logits: Floats, density: Floats, features: Floats
) -> list[Prediction]:
    shares = probabilities(contract, logits).tolist()
    return [
        prediction(contract.classes, Outputs(*said), contract.calibration)
        for said in zip(shares, density.tolist(), features.astype(np.float32), strict=True)
    ]


@pytest.mark.parametrize(("classes", "size"), [(2, 20), (3, 50), (3, 100), (150, 100)])
def test_serving_scores_a_window_as_training_does(tmp_path: Path, classes: int, size: int) -> None:
    holdout, content = written(tmp_path, classes, images=400)
    contract = Contract.model_validate_json(content)
    assert contract.reference is not None
    assert contract.reference.answers is not None
    said = later(classes, WINDOWS * size)

    window = DriftWindow(answers=size, thresholds={serving.Statistic.CONFIDENCE: 1.0})
    windows = Windows(contract.reference.answers, (window,))
    served = [
        windows.reference.scores(full)
        for each in predictions(contract, *said)
        for _, full in windows.add(each)
    ]

    expected = trained(holdout, contract, *said, size)
    assert len(served) == WINDOWS
    assert served[0].keys() == expected.keys() == set(training.Statistic)
    for statistic, values in expected.items():
        told = [window[serving.Statistic(statistic)] for window in served]
        # The mean of the holdout's features is told to six decimals.
        exact = 1e-5 if statistic is training.Statistic.FEATURES else 1e-9
        assert told == pytest.approx(values.tolist(), abs=exact)


def trained(
    holdout: training.ServedAnswers,
    contract: Contract,
    logits: Floats,
    density: Floats,
    features: Floats,
    size: int,
) -> dict[training.Statistic, Floats]:
    shares = probabilities(contract, logits)
    place = {name: number for number, name in enumerate(contract.classes)}
    assert holdout.log_density is not None
    assert holdout.features is not None
    both = training.ServedAnswers(
        {
            name: np.concatenate([values, shares[:, place[name]]])
            for name, values in holdout.probability.items()
        },
        np.concatenate([holdout.confidence, shares.max(axis=1)]),
        np.concatenate([holdout.log_density, density]),
        np.concatenate([holdout.features, features]),
    )
    known, images = len(holdout.confidence), len(logits)
    references = np.zeros((images // size, known + images), np.int32)
    references[:, :known] = 1
    windows = known + np.arange(images).reshape(-1, size)
    return training.resampled(both.first(known + images), references, windows)


def test_both_know_the_same_statistics() -> None:
    assert [*serving.Statistic] == [*training.Statistic]
