"""evaluation.json: what it says, that it is read back, and what is refused."""

import json
from collections.abc import Callable

import numpy as np
import pytest
from dandelion_training.evaluate.documents import Unreadable
from dandelion_training.evaluate.figures.calibration import Calibration, UnknownScore
from dandelion_training.evaluate.figures.confusion import Confusion
from dandelion_training.evaluate.figures.corruptions import Corruption, Robustness
from dandelion_training.evaluate.result import (
    EvaluationResult,
    evaluated,
    read_result,
    write_result,
)
from given.documents import Document, put
from given.evaluation.made_up import CHALLENGER, DATASET, collected

CALIBRATION = Calibration(
    1.2345678, 0.08, 0.02, 5, UnknownScore.WITH_LOG_DENSITY, -0.412345, 0.96, 50
)
ROBUSTNESS = Robustness(256, 0.9, dict.fromkeys(Corruption, (0.9, 0.8, 1 / 3)))


def result(
    classes: tuple[str, ...] = ("grass", "dandelion", "moss"),
    truth: tuple[int, ...] = (0, 0, 0, 0, 1, 1, 2),
    predicted: tuple[int, ...] = (0, 0, 0, 1, 1, 1, 1),
    robustness: Robustness | None = ROBUSTNESS,
    calibration: Calibration = CALIBRATION,
) -> EvaluationResult:
    return EvaluationResult(
        dataset=DATASET,
        contract=CHALLENGER,
        answers="sha256:" + "e" * 64,
        precision="int8",
        engine="openvino 2026.4.1",
        classes=classes,
        confusion=Confusion.counted(np.array(truth), np.array(predicted), len(classes)),
        mean_confidence=0.87654321,
        calibration=calibration,
        robustness=robustness,
        not_known={"clover": 4},
    )


def document() -> Document:
    found: Document = json.loads(write_result(result()))
    return found


def test_the_document_says_what_was_evaluated_and_how_good_it_is() -> None:
    found = document()
    assert found["metrics"] == {"accuracy": 0.714286, "macroF1": 0.507937}
    assert found["images"] == 7
    assert found["neverAnswered"] == ["moss"]
    assert found["notKnown"] == {"clover": 4}
    assert found["classes"][0] == {
        "name": "grass",
        "support": 4,
        "predicted": 3,
        "recall": 0.75,
        "recallInterval": [0.300642, 0.954413],
        "precision": 1.0,
        "f1": 0.857143,
    }
    assert found["classes"][2]["precision"] is None
    assert found["confusion"] == [[0, 0, 3], [0, 1, 1], [1, 1, 2], [2, 1, 1]]
    assert found["calibration"] == {
        "temperature": 1.234568,
        "eceBefore": 0.08,
        "eceAfter": 0.02,
        "bins": 5,
        "unknownScore": "maxProbabilityPlusLogDensity",
        "unknownThreshold": -0.412345,
        "unknownKept": 0.96,
        "images": 50,
    }
    assert found["robustness"]["jpeg"] == [0.9, 0.8, 0.333333]
    assert (found["precision"], found["engine"]) == ("int8", "openvino 2026.4.1")


def test_what_was_collected_of_a_holdout_becomes_its_evaluation() -> None:
    logits = np.array([[3.0, 0], [3, 0], [0, 3], [3, 0]])
    shown = collected(("grass", "moss"), ["grass", "grass", "moss", "moss"], logits)
    found = evaluated(shown, "sha256:" + "e" * 64, "fp32", "openvino 2026.4.1")
    content = json.loads(write_result(found))
    assert (content["dataset"], content["contract"]) == (DATASET, CHALLENGER)
    assert content["confusion"] == [[0, 0, 2], [1, 0, 1], [1, 1, 1]]
    assert content["meanConfidence"] == 0.952574
    assert content["calibration"]["images"] == 4
    assert content["robustness"] is None
    assert isinstance(read_result(write_result(found)), EvaluationResult)


@pytest.mark.parametrize("robustness", [ROBUSTNESS, None])
def test_what_is_written_is_read_back(robustness: Robustness | None) -> None:
    content = write_result(result(robustness=robustness))
    read = read_result(content)
    assert isinstance(read, EvaluationResult)
    assert write_result(read) == content


def test_an_evaluation_of_a_model_without_log_densities_is_read_too() -> None:
    former = Calibration(1.2, 0.08, 0.02, 5, UnknownScore.MAX_PROBABILITY, 0.4, None, 50)
    written = json.loads(write_result(result(calibration=former)))
    del written["calibration"]["unknownKept"]  # which earlier releases did not write
    read = read_result(json.dumps(written).encode())
    assert isinstance(read, EvaluationResult)
    assert read.calibration == former


def test_equal_evaluations_have_equal_bytes() -> None:
    assert write_result(result()) == write_result(result())
    assert b" " not in write_result(result(classes=("a", "b", "c"))).replace(b"openvino ", b"")


@pytest.mark.parametrize(
    ("change", "says"),
    [
        pytest.param(put("apiVersion", value="v2"), "apiVersion", id="another version"),
        pytest.param(put("more", value=1), "more", id="a field that nobody knows"),
        pytest.param(put("dataset", value="lawn"), "dataset", id="no digest"),
        pytest.param(put("images", value=8), "counts 7 images, not 8", id="an image too many"),
        pytest.param(put("images", value="7"), "images", id="a text for a number"),
        pytest.param(put("metrics", "accuracy", value=0.9), "metrics", id="a better accuracy"),
        pytest.param(put("metrics", "accuracy", value=7), "accuracy", id="an accuracy above 1"),
        pytest.param(put("classes", 1, "recall", value=0.5), "classes", id="another recall"),
        pytest.param(put("classes", 1, "name", value="grass"), "twice", id="a class twice"),
        pytest.param(put("classes", value=[]), "classes", id="no classes"),
        pytest.param(put("neverAnswered", value=[]), "neverAnswered", id="a class forgotten"),
        pytest.param(put("confusion", value=[]), "confusion", id="no answers"),
        pytest.param(put("confusion", 0, value=[0, 0, 0]), "confusion.0.2", id="an empty pair"),
        pytest.param(put("confusion", 3, value=[3, 1, 1]), "its classes", id="a class too many"),
        pytest.param(put("confusion", 1, value=[0, 0, 1]), "each once", id="a pair twice"),
        pytest.param(
            put("confusion", 0, value=[0, 0, 10**30]), "confusion", id="an impossible count"
        ),
        pytest.param(
            put("calibration", "temperature", value=0), "temperature", id="a temperature of 0"
        ),
        pytest.param(
            put("calibration", "unknownScore", value="energy"), "unknownScore", id="no such score"
        ),
        pytest.param(put("robustness", "blur", value=[1, 1]), "blur", id="a strength is missing"),
    ],
)
def test_an_evaluation_that_does_not_add_up_is_refused_with_the_reason(
    change: Callable[[Document], None], says: str
) -> None:
    found = document()
    change(found)
    read = read_result(json.dumps(found).encode())
    assert isinstance(read, Unreadable)
    assert says in read.reason
    assert "evaluation.json" in read.reason


@pytest.mark.parametrize("content", [b"", b"[]", b"{", b"\xff\xfe", b'{"images": NaN}'])
def test_what_is_no_document_is_refused(content: bytes) -> None:
    assert isinstance(read_result(content), Unreadable)


def test_a_share_that_another_machine_rounded_otherwise_is_still_believed() -> None:
    found = document()
    found["metrics"]["macroF1"] += 1e-6
    assert isinstance(read_result(json.dumps(found).encode()), EvaluationResult)


def test_two_thousand_classes_stay_a_small_document() -> None:
    chance = np.random.default_rng(0)
    truth = chance.integers(2000, size=50_000)
    predicted = np.where(chance.random(50_000) < 0.3, chance.integers(2000, size=50_000), truth)
    names = tuple(f"species number {number}" for number in range(2000))
    content = write_result(result(names, tuple(truth), tuple(predicted)))
    assert len(content) < 1_000_000
    assert isinstance(read_result(content), EvaluationResult)
