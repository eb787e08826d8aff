"""Two models' answers to the same images, side by side.

Only images of classes that both models know are compared: of the others one of them could not have
been right. On those images each model answers as it does in service, with all the classes it has.
A challenger that calls an old class by a new name is wrong there, as it would be for a user;
leaving the new classes out of its choice would hide just the harm that a new class can do.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from dandelion_training.evaluate.answers.record import Answers
from dandelion_training.evaluate.figures.confusion import Confusion


@dataclass(frozen=True)
class NotComparable:
    """Why two lists of answers say nothing about each other."""

    reason: str


@dataclass(frozen=True, eq=False)
class Paired:
    """The compared images: arrays with an item an image, in order of its digest.

    `label` and `predicted` (challenger's, champion's) count `shared` from 0; an answer of a class
    that only one model has is `other`. `rows` are the images' places in each list of answers.
    """

    shared: tuple[str, ...]  # in the order of the names
    gained: tuple[str, ...]  # only the challenger's
    lost: tuple[str, ...]  # only the champion's
    label: NDArray[np.int64]
    predicted: tuple[NDArray[np.int64], NDArray[np.int64]]
    rows: tuple[NDArray[np.int64], NDArray[np.int64]]

    @property
    def other(self) -> int:
        return len(self.shared)

    @property
    def right(self) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
        first, second = self.predicted
        return first == self.label, second == self.label

    @cached_property
    def confusions(self) -> tuple[Confusion, Confusion]:
        """Over the shared classes and, as the last class, `other`, which has no images."""
        first, second = self.predicted
        classes = len(self.shared) + 1
        return (
            Confusion.counted(self.label, first, classes),
            Confusion.counted(self.label, second, classes),
        )


def paired(challenger: Answers, champion: Answers) -> Paired | NotComparable:
    """Pair by content; every image of a shared class has to be in both lists."""
    if challenger.dataset != champion.dataset:
        return NotComparable(
            f"the challenger answered dataset {challenger.dataset}, the champion"
            f" {champion.dataset}; evaluate the champion on the challenger's version first"
        )
    shared = tuple(sorted(set(challenger.classes) & set(champion.classes)))
    if not shared:
        return NotComparable("the two models have no class in common")
    labels, rows, predicted = [], [], []
    for answers in (challenger, champion):
        code = _codes(answers.classes, shared)
        row = np.flatnonzero(code[answers.label] < len(shared))
        rows.append(row)
        labels.append(code[answers.label[row]])
        predicted.append(code[answers.predicted[row]])
    ours, theirs = challenger.sha256[rows[0]], champion.sha256[rows[1]]
    if not np.array_equal(ours, theirs):
        missing = len(np.setxor1d(ours, theirs))
        return NotComparable(
            f"{missing} images of the shared classes were answered by one model only;"
            " an evaluation of the whole holdout is needed of both"
        )
    if not len(ours):
        return NotComparable("the holdout has no image of a class that both models know")
    if not np.array_equal(labels[0], labels[1]):
        return NotComparable(
            f"the two lists disagree on the true class of {int((labels[0] != labels[1]).sum())}"
            " images, so they are not of one dataset version"
        )
    return Paired(
        shared=shared,
        gained=tuple(sorted(set(challenger.classes) - set(shared))),
        lost=tuple(sorted(set(champion.classes) - set(shared))),
        label=labels[0],
        predicted=(predicted[0], predicted[1]),
        rows=(rows[0], rows[1]),
    )


def _codes(classes: tuple[str, ...], shared: tuple[str, ...]) -> NDArray[np.int64]:
    """From a model's class to its place among the shared ones, or their number."""
    place = {name: number for number, name in enumerate(shared)}
    return np.array([place.get(name, len(shared)) for name in classes], np.int64)
