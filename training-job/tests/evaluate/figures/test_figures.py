"""The figures of a confusion, against scikit-learn and by hand."""

import numpy as np
import pytest
from dandelion_training.evaluate.figures.confusion import Confusion
from hypothesis import given, settings
from hypothesis import strategies as st
from sklearn.metrics import accuracy_score, f1_score, precision_recall_fscore_support

TRUTH = [0, 0, 0, 0, 1, 1, 2]
ANSWERED = [0, 0, 0, 1, 1, 1, 1]


def counted(truth: list[int], predicted: list[int], classes: int) -> Confusion:
    return Confusion.counted(np.array(truth), np.array(predicted), classes)


def test_three_classes_by_hand() -> None:
    found = counted(TRUTH, ANSWERED, 4)
    pairs = zip(found.truth, found.predicted, found.count, strict=True)
    assert [tuple(map(int, pair)) for pair in pairs] == [(0, 0, 3), (0, 1, 1), (1, 1, 2), (2, 1, 1)]
    assert found.images == 7
    assert found.accuracy == pytest.approx(5 / 7)
    assert found.macro_f1 == pytest.approx((6 / 7 + 2 / 3 + 0) / 3)
    assert found.predicted_shares.tolist() == [3 / 7, 4 / 7, 0, 0]
    first, second, third, empty = found.by_class()
    assert (first.precision, first.recall, first.support, first.predicted) == (1, 0.75, 4, 3)
    assert (second.precision, second.recall) == (0.5, 1)
    assert second.f1 == pytest.approx(2 / 3)
    assert (third.precision, third.recall, third.f1) == (None, 0, 0)
    assert (empty.precision, empty.recall, empty.f1) == (None, None, None)
    assert third.recall_interval == pytest.approx((0, 0.7935), abs=1e-4)


def test_a_class_is_never_answered_where_it_has_images_and_no_answer() -> None:
    assert counted(TRUTH, ANSWERED, 4).never_answered.tolist() == [2]
    assert counted([0, 1], [1, 0], 2).never_answered.tolist() == []


pairs = st.integers(2, 6).flatmap(
    lambda classes: st.tuples(
        st.just(classes),
        st.lists(
            st.tuples(st.integers(0, classes - 1), st.integers(0, classes - 1)),
            min_size=1,
            max_size=60,
        ),
    )
)


@settings(deadline=None)
@given(pairs)
def test_figures_are_those_of_scikit_learn(given: tuple[int, list[tuple[int, int]]]) -> None:
    classes, answers = given
    truth, predicted = [t for t, _ in answers], [p for _, p in answers]
    found = counted(truth, predicted, classes)
    held = sorted(set(truth))
    assert found.accuracy == pytest.approx(accuracy_score(truth, predicted))
    assert found.macro_f1 == pytest.approx(
        f1_score(truth, predicted, labels=held, average="macro", zero_division=0)
    )
    expected = precision_recall_fscore_support(
        truth, predicted, labels=range(classes), zero_division=0
    )
    for figures, precision, recall, f1, support in zip(found.by_class(), *expected, strict=True):
        assert figures.support == support
        assert (figures.precision or 0) == pytest.approx(precision)
        assert (figures.recall or 0) == pytest.approx(recall)
        assert (figures.f1 or 0) == pytest.approx(f1)


def test_two_thousand_classes_keep_only_what_occurred() -> None:
    chance = np.random.default_rng(0)
    truth = chance.integers(2000, size=200_000)
    wrong = chance.random(len(truth)) < 0.3
    predicted = np.where(wrong, chance.integers(2000, size=len(truth)), truth)
    found = Confusion.counted(truth, predicted, 2000)
    assert found.images == len(truth)
    assert len(found.count) <= 2000 + int(wrong.sum())
    assert found.accuracy == pytest.approx((truth == predicted).mean())
    assert len(found.by_class()) == 2000
