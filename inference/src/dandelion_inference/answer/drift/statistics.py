"""How far a window of answers is from the holdout's: the statistics that the contract has
thresholds for.

Training resampled the same statistics for the thresholds; computed otherwise they would be
exceeded in any share of windows, so a test holds the two together. Called by `monitor.py`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from decimal import Context, Decimal

import numpy as np
from numpy.typing import NDArray

from dandelion_inference.answer.prediction import Prediction
from dandelion_inference.model.reference import DIGITS, QUANTILES, ReferenceAnswers, Statistic

Floats = NDArray[np.float64]

LEVELS = np.arange(1, QUANTILES) / (QUANTILES - 1)
_ROUNDING = Context(prec=DIGITS)


class Distribution:
    """One of the reference's, as its quantiles, which are rounded to four significant digits.

    What is compared with them counts as if rounded alike: a sure model's probabilities crowd at 1,
    where 0.99996 would be below every quantile. So each quantile stands for all that rounds to it.
    """

    def __init__(self, quantiles: tuple[float, ...]) -> None:
        exact = [Decimal(repr(quantile)) for quantile in quantiles[1:]]
        self._below = np.array([float(q + _ROUNDING.next_minus(q)) / 2 for q in exact])
        self._upto = np.array([float(q + _ROUNDING.next_plus(q)) / 2 for q in exact])

    def distance(self, values: Floats) -> float:
        """The Kolmogorov–Smirnov distance, from 0 to 1: with F the distribution of the values and
        q_i the quantile at i/64, max_i max(F(below q_i) − i/64, i/64 − F(up to q_i)).

        It is that to the whole holdout, or up to 1/64 less.
        """
        ordered = np.sort(values)
        below = np.searchsorted(ordered, self._below, "left") / len(values)
        upto = np.searchsorted(ordered, self._upto, "right") / len(values)
        return float(max((below - LEVELS).max(), (LEVELS - upto).max()))

    def lowness(self, values: Floats) -> float:
        """The mean of −ln p, with p = (1 + quantiles that are no higher) / 65 of a value: about 1
        for values like the holdout's, and more the lower they are (Fisher's sum of p-values)."""
        reached = np.searchsorted(self._below, values, "right")
        return float(-np.log((1 + reached) / QUANTILES).mean())


@dataclass(frozen=True, eq=False)
class FullWindow:
    """What is compared: answers as `row` has them, one below the other, and the mean of the
    network's third output, which is empty where it is not compared."""

    answers: Floats
    mean_features: Floats


class Reference:
    """Of one model; made once, which takes some milliseconds where there are many classes."""

    def __init__(self, answers: ReferenceAnswers) -> None:
        self._confidence = Distribution(answers.confidence)
        self._probability = [Distribution(each) for each in answers.probability.values()]
        density = answers.log_density
        self._log_density = None if density is None else Distribution(density)
        self._mean_features = None if answers.features is None else np.array(answers.features)

    def scores(self, window: FullWindow) -> dict[Statistic, float]:
        rows = window.answers
        classes, confidence, density = rows[:, :-2], rows[:, -2], rows[:, -1]
        distances = map(Distribution.distance, self._probability, classes.T)
        found = {
            Statistic.PROBABILITIES: max(distances),
            Statistic.CONFIDENCE: self._confidence.lowness(confidence),
        }
        if self._log_density is not None:
            found[Statistic.LOG_DENSITY] = self._log_density.distance(density)
        if self._mean_features is not None:
            away = window.mean_features - self._mean_features
            found[Statistic.FEATURES] = float(np.linalg.norm(away))
        return found


def row(classes: Mapping[str, object], prediction: Prediction) -> list[float]:
    """What is kept of an answer: the probabilities of the classes that have a reference, the
    highest of all, and the log density, NaN where there is none."""
    density = prediction.log_density
    return [
        *(prediction.scores[label] for label in classes),
        prediction.probability,
        float("nan") if density is None else density,
    ]
