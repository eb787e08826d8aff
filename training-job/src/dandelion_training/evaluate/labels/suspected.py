"""Which images are likely to carry the wrong label.

A linear probe on the network's features predicts every image from the others (out of fold), so an
image's own label says nothing about its prediction. Where the probe prefers another class by far,
the label is worth a look: the idea of confident learning (Northcutt, Jiang, Chuang: Confident
Learning, JAIR 70, 2021). The probe is regularised least squares on the classes' indicators (Rifkin,
Yeo, Poggio: Regularized Least-Squares Classification, 2003): one pass over the features serves all
folds, and two thousand classes cost a few seconds. cleanlab does more and is licensed under the
AGPL, which an image of the Apache licence cannot carry.

Called by `publish/report` for the report of a dataset version.
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

FOLDS = 5
RIDGE = 1e-3  # of the features' variance, which is 1 after standardisation
AT_ONCE = 4096  # images whose scores are held at a time: with 2,000 classes 64 MB


@dataclass(frozen=True)
class SuspectedLabel:
    """An image whose label the probe contradicts."""

    image: int  # index among the features
    given: int  # class index
    suggested: int  # class index
    margin: float  # the probe's score of the suggested class over the given one


def suspected_labels(
    features: NDArray[np.float32], labels: Sequence[int], classes: int, seed: int, most: int
) -> list[SuspectedLabel]:
    """At most `most` images, the least likely label first.

    `features` is (images, dimensions); `labels` are class indices below `classes`. Where fewer
    than two images a fold are left to learn from, nothing is suspected.
    """
    given = np.asarray(labels, np.int64)
    count = len(given)
    if count < 2 * FOLDS or classes < 2:
        return []
    folds = np.random.default_rng(seed).permutation(count) % FOLDS
    designed = _standardised(features)
    gram = np.zeros((FOLDS, designed.shape[1], designed.shape[1]))
    moments = np.zeros((FOLDS, designed.shape[1], classes), np.float32)
    for fold in range(FOLDS):
        inside = np.flatnonzero(folds == fold)
        rows = designed[inside].astype(np.float64)
        gram[fold] = rows.T @ rows
        # The indicators are zero but for one class an image: sums by class, without the matrix.
        order = np.argsort(given[inside], kind="stable")
        found, starts = np.unique(given[inside][order], return_index=True)
        moments[fold][:, found] = np.add.reduceat(rows[order], starts, axis=0).T
    suggested = np.empty(count, np.int64)
    margin = np.empty(count, np.float32)
    ridge = RIDGE * count * np.eye(designed.shape[1])
    for fold in range(FOLDS):
        others = [index for index in range(FOLDS) if index != fold]
        weights = np.linalg.solve(gram[others].sum(axis=0) + ridge, moments[others].sum(axis=0))
        inside = np.flatnonzero(folds == fold)
        for start in range(0, len(inside), AT_ONCE):
            rows_of = inside[start : start + AT_ONCE]
            suggested[rows_of], margin[rows_of] = _preferred(
                designed[rows_of] @ weights, given[rows_of]
            )
    ranked = np.argsort(-margin, kind="stable")[:most]
    return [
        SuspectedLabel(int(i), int(given[i]), int(suggested[i]), float(margin[i]))
        for i in ranked
        if margin[i] > 0
    ]


def _standardised(features: NDArray[np.float32]) -> NDArray[np.float32]:
    """Mean 0 and deviation 1 a dimension, and a constant for the intercept."""
    spread = features.std(axis=0)
    scaled = (features - features.mean(axis=0)) / np.where(spread > 0, spread, 1)
    return np.concatenate(
        [scaled, np.ones((len(features), 1), np.float32)], axis=1, dtype=np.float32
    )


def _preferred(
    scores: NDArray[np.floating], given: NDArray[np.int64]
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The best other class of each image, and by how much it beats the given one."""
    rows = np.arange(len(given))
    own = scores[rows, given].copy()
    scores[rows, given] = -np.inf
    best = scores.argmax(axis=1)
    return best, (scores[rows, best] - own).astype(np.float32)
