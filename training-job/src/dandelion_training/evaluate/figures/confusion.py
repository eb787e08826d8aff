"""The figures of a classifier, from which class it answered for which.

Everything is derived from the confusion alone, which is kept as the pairs that occurred: a full
matrix of 2,000 classes would have four million cells, nearly all of them 0. Memory grows with the
images and the classes, never with the square of the classes.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Self

import numpy as np
from numpy.typing import NDArray

from dandelion_training.evaluate.figures.intervals import wilson

Counts = NDArray[np.int64]


@dataclass(frozen=True)
class ClassFigures:
    """How well one class is told from the others."""

    support: int  # images of the class
    predicted: int  # images that were answered with the class
    right: int

    @property
    def recall(self) -> float | None:
        """None for a class without images."""
        return self.right / self.support if self.support else None

    @property
    def recall_interval(self) -> tuple[float, float]:
        """At 95 %."""
        return wilson(self.right, self.support)

    @property
    def precision(self) -> float | None:
        """None for a class that was never answered."""
        return self.right / self.predicted if self.predicted else None

    @property
    def f1(self) -> float | None:
        """None for a class without images; 0 for one that was never answered rightly."""
        return 2 * self.right / (self.support + self.predicted) if self.support else None


@dataclass(frozen=True, eq=False)
class Confusion:
    """How many images of which class (`truth`) were answered with which (`predicted`).

    Three arrays of equal length, an item for each pair that occurred, in order of truth and then
    prediction. Classes are counted from 0.
    """

    classes: int
    truth: Counts
    predicted: Counts
    count: Counts

    @classmethod
    def counted(
        cls, truth: NDArray[np.integer], predicted: NDArray[np.integer], classes: int
    ) -> Self:
        """From one truth and one answer an image."""
        codes, count = np.unique(
            truth.astype(np.int64) * classes + predicted.astype(np.int64), return_counts=True
        )
        return cls(classes, codes // classes, codes % classes, count.astype(np.int64))

    @property
    def images(self) -> int:
        return int(self.count.sum())

    @cached_property
    def support(self) -> Counts:
        """Images by true class."""
        return _summed(self.truth, self.count, self.classes)

    @cached_property
    def answered(self) -> Counts:
        """Images by answered class."""
        return _summed(self.predicted, self.count, self.classes)

    @cached_property
    def right(self) -> Counts:
        """Right answers by class."""
        hit = self.truth == self.predicted
        return _summed(self.truth[hit], self.count[hit], self.classes)

    @property
    def accuracy(self) -> float:
        return float(self.right.sum() / self.images)

    @property
    def macro_f1(self) -> float:
        """The mean F1 of the classes that have images.

        A class without images has no F1 to average; what was wrongly answered with it has cost
        the others their recall already.
        """
        return macro_f1(self.support, self.answered, self.right)

    @property
    def never_answered(self) -> Counts:
        """Classes that have images and were answered for none, right or wrong."""
        return np.flatnonzero((self.support > 0) & (self.answered == 0))

    @property
    def predicted_shares(self) -> NDArray[np.float64]:
        """The share of the images that each class was answered for."""
        return self.answered / self.images

    def by_class(self) -> list[ClassFigures]:
        columns = (self.support.tolist(), self.answered.tolist(), self.right.tolist())
        return [ClassFigures(*row) for row in zip(*columns, strict=True)]


def macro_f1(support: Counts, answered: Counts, right: Counts) -> float:
    """The mean over the classes with support of F1 = 2·right / (support + answered)."""
    held = support > 0
    return float(np.mean(2 * right[held] / (support[held] + answered[held])))


def _summed(keys: Counts, counts: Counts, length: int) -> Counts:
    summed: Counts = np.zeros(length, np.int64)
    np.add.at(summed, keys, counts)
    return summed
