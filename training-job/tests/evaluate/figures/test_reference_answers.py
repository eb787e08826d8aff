"""What the contract keeps of the answers to a holdout is enough to tell drift by, and small."""

import json
from pathlib import Path

import numpy as np
import pytest
from dandelion_training.evaluate.figures.calibration import confidences
from dandelion_training.evaluate.figures.reference import (
    ReferenceAnswers,
    reference_answers,
    served_answers,
)
from given.quick import make_quick
from given.runs import Finished
from numpy.typing import NDArray
from scipy.stats import ks_2samp

CLASSES = ("ant", "bee", "wasp")
TEMPERATURE = 1.7
Logits = NDArray[np.float32]


def drawn(images: int, seed: int, sureness: float = 4.0, classes: int = 3) -> Logits:
    chance = np.random.default_rng(seed)
    logits = chance.normal(size=(images, classes))
    logits[np.arange(images), chance.integers(classes, size=images)] += sureness
    return logits.astype(np.float32)


def served(logits: Logits) -> NDArray[np.float64]:
    """Probabilities as serving gives them, rounded as the reference is."""
    powers = np.exp((logits - logits.max(axis=1, keepdims=True)) / TEMPERATURE)
    probabilities = powers / powers.sum(axis=1, keepdims=True)
    return np.vectorize(lambda value: float(f"{value:.4g}"))(probabilities)


def test_the_confidence_is_that_at_the_temperature_that_serves() -> None:
    logits = drawn(500, seed=0)
    found = reference_answers(served_answers(logits, CLASSES, TEMPERATURE))
    expected = np.sort(confidences(logits, TEMPERATURE))
    assert found.images == 500
    assert found.mean_confidence == pytest.approx(expected.mean(), rel=1e-3)
    assert found.confidence[0] == pytest.approx(expected[0], rel=1e-3)
    assert found.confidence[32] == pytest.approx(expected[249], rel=1e-3)
    assert found.confidence[-1] == pytest.approx(expected[-1], rel=1e-3)


@pytest.mark.parametrize("sureness", [2.0, 4.0, 30.0])
@pytest.mark.parametrize("shift", [0.0, 1.0])
def test_the_distance_to_other_answers_is_that_of_the_whole_holdout(
    sureness: float, shift: float
) -> None:
    """Of the Kolmogorov–Smirnov test, each class by itself; also where the model is sure."""
    logits, later = drawn(3000, 0, sureness), drawn(400, 1, sureness + shift)
    found = reference_answers(served_answers(logits, CLASSES, TEMPERATURE))
    for index, name in enumerate(CLASSES):
        live = served(later)[:, index]
        whole = ks_2samp(served(logits)[:, index], live).statistic
        told = ks_2samp(found.probability[name], live).statistic
        assert told == pytest.approx(whole, abs=1 / 64 + 1e-3)


def test_a_few_images_have_a_reference_too() -> None:
    found = reference_answers(served_answers(drawn(1, seed=0), CLASSES, TEMPERATURE))
    assert found.images == 1
    assert len(set(found.confidence)) == 1


def test_of_the_log_density_there_are_quantiles_where_the_graph_gives_it() -> None:
    density = np.linspace(-2, -0.1, 500, dtype=np.float32)
    logits = drawn(500, seed=0)
    found = reference_answers(served_answers(logits, CLASSES, TEMPERATURE, density))
    assert found.log_density is not None
    assert (found.log_density[0], found.log_density[-1]) == (-2.0, -0.1)
    assert found.log_density[32] == pytest.approx(np.sort(density)[249], rel=1e-3)
    assert reference_answers(served_answers(logits, CLASSES, TEMPERATURE)).log_density is None


def test_of_the_features_there_is_the_mean_where_the_graph_gives_them() -> None:
    features = np.array([[0.5, -0.25], [0.25, 0.0]], np.float32)
    logits = drawn(500, seed=0)
    found = reference_answers(served_answers(logits, CLASSES, TEMPERATURE, None, features))
    assert found.features == (0.375, -0.125)
    assert reference_answers(served_answers(logits, CLASSES, TEMPERATURE)).features is None


def test_equal_answers_have_an_equal_reference() -> None:
    one, other = (
        reference_answers(served_answers(drawn(200, seed=3), CLASSES, 1.0)) for _ in range(2)
    )
    assert one == other


def test_of_many_classes_those_that_are_answered_most_often_are_kept() -> None:
    names = [f"species {number:04}" for number in range(2000)]
    logits = np.zeros((4000, 2000), np.float32)
    often = np.arange(1000, 1100)
    logits[np.arange(4000), np.append(np.repeat(often, 30), np.arange(1000))] = 5
    found = reference_answers(served_answers(logits, names, 1.0))
    assert list(found.probability) == [names[index] for index in often]
    assert len(json.dumps(described(found), indent=2)) < 256 * 1024


def described(found: ReferenceAnswers) -> dict[str, object]:
    return {"confidence": found.confidence, "probability": found.probability}


def test_a_run_writes_its_reference_answers_into_the_contract(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    make_quick(monkeypatch)
    contract = Finished(tmp_path, epochs=1).contract
    told = contract["referenceStatistics"]["answers"]
    assert told["images"] == contract["dataset"]["holdout"]
    assert set(told["probability"]) == set(contract["classes"])
    assert max(told["logDensity"]) <= 0
    assert len(told["features"]) == 3
    assert 0.5 <= told["confidence"][0] <= told["meanConfidence"] <= told["confidence"][-1]
