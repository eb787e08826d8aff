"""Serving computes of its answers what training set the thresholds for drift by."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from dandelion_inference.answer.drift.statistics import Floats, Reference, row
from dandelion_inference.answer.prediction import Prediction, prediction
from dandelion_inference.model import reference as serving
from dandelion_inference.model.contract import Contract
from dandelion_inference.model.network import Outputs
from dandelion_training.evaluate.figures import drift as training

from tests.agreement.test_reference_answers import written

WINDOWS = 20


def later(classes: int, images: int) -> tuple[Floats, Floats]:
    """Logits and log densities of images like the holdout's; of some the network is very sure."""
    chance = np.random.default_rng(7)
    logits = chance.normal(scale=3, size=(images, classes))
    logits[::3, 0] += 30
    return logits.astype(np.float32).astype(np.float64), -np.square(chance.normal(size=images))


def probabilities(contract: Contract, logits: Floats) -> Floats:
    z = logits / contract.calibration.temperature
    powers = np.exp(z - z.max(axis=1, keepdims=True))
    return np.asarray(powers / powers.sum(axis=1, keepdims=True))


def predictions(contract: Contract, logits: Floats, density: Floats) -> list[Prediction]:
    shares = probabilities(contract, logits)
    return [
        prediction(contract.classes, Outputs(each, its), contract.calibration)
        for each, its in zip(shares.tolist(), density.tolist(), strict=True)
    ]


@pytest.mark.parametrize(("classes", "size"), [(2, 20), (3, 50), (3, 100), (150, 100)])
def test_serving_scores_a_window_as_training_does(tmp_path: Path, classes: int, size: int) -> None:
    holdout, content = written(tmp_path, classes, images=400)
    contract = Contract.model_validate_json(content)
    assert contract.reference is not None
    assert contract.reference.answers is not None
    logits, density = later(classes, WINDOWS * size)

    reference = Reference(contract.reference.answers)
    kept = contract.reference.answers.probability
    found = [row(kept, each) for each in predictions(contract, logits, density)]
    served = [reference.scores(window) for window in np.reshape(found, (WINDOWS, size, -1))]

    expected = trained(holdout, contract, logits, density, size)
    for statistic, values in expected.items():
        told = [window[serving.Statistic(statistic)] for window in served]
        assert told == pytest.approx(values.tolist(), abs=1e-9)


def trained(
    holdout: training.ServedAnswers, contract: Contract, logits: Floats, density: Floats, size: int
) -> dict[training.Statistic, Floats]:
    shares = probabilities(contract, logits)
    place = {name: number for number, name in enumerate(contract.classes)}
    assert holdout.log_density is not None
    both = training.ServedAnswers(
        {
            name: np.concatenate([values, shares[:, place[name]]])
            for name, values in holdout.probability.items()
        },
        np.concatenate([holdout.confidence, shares.max(axis=1)]),
        np.concatenate([holdout.log_density, density]),
    )
    known, images = len(holdout.confidence), len(logits)
    references = np.zeros((images // size, known + images), np.int32)
    references[:, :known] = 1
    windows = known + np.arange(images).reshape(-1, size)
    return training.resampled(both.first(known + images), references, windows)


def test_both_know_the_same_statistics() -> None:
    assert [*serving.Statistic] == [*training.Statistic]
