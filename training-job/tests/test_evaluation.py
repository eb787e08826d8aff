"""The figures of an evaluation, worked out by hand."""

import numpy as np
import pytest
from dandelion_training.evaluate.evaluation import EvaluationResult
from dandelion_training.publish.confusion_matrix import plot_confusion_matrix


def result(targets: list[int], predicted: list[int], classes: int) -> EvaluationResult:
    logits = np.zeros((len(targets), classes), np.float32)
    logits[np.arange(len(targets)), predicted] = 1
    return EvaluationResult(logits, np.array(targets))


def test_figures_of_three_classes() -> None:
    found = result([0, 0, 0, 0, 1, 1, 2], [0, 0, 0, 1, 1, 1, 1], 3)
    assert found.confusion_matrix.tolist() == [[3, 1, 0], [0, 2, 0], [0, 1, 0]]
    assert found.accuracy == pytest.approx(5 / 7)
    first, second, third = found.by_class()
    assert (first.precision, first.recall, first.support) == (1, 0.75, 4)
    assert (second.precision, second.recall, second.support) == (0.5, 1, 2)
    assert (third.precision, third.recall, third.f1) == (0, 0, 0)
    assert found.macro_f1 == pytest.approx((6 / 7 + 2 / 3 + 0) / 3)
    assert found.predicted_shares(["a", "b", "c"]) == {"a": 3 / 7, "b": 4 / 7, "c": 0}


def test_confidence_is_the_mean_probability_of_the_answer() -> None:
    even = EvaluationResult(np.zeros((4, 2), np.float32), np.array([0, 1, 0, 1]))
    sure = EvaluationResult(np.array([[90.0, 0.0]], np.float32), np.array([0]))
    assert even.confidence == pytest.approx(0.5)
    assert sure.confidence == pytest.approx(1)


@pytest.mark.parametrize("classes", [2, 10, 200])
def test_the_confusion_matrix_has_room_for_every_class(classes: int) -> None:
    counts = np.eye(classes, dtype=np.int64) * 5
    image = plot_confusion_matrix(
        counts, [f"class number {n} with a long name" for n in range(classes)]
    )
    assert image.width > classes * 7
    assert len(image.getcolors(1 << 24) or []) > 2
