"""What the gate judges by: figures of one evaluation, and the difference between two.

Shares lie between 0 and 1; counts are images.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

from dandelion_operator.loop.decide.gate.judge.interval import CONTINUITY, score_bounds
from dandelion_operator.seen.comparison import ClassFigures, Comparison, PairedMacroF1

ACCURACY, MACRO_F1 = "accuracy", "macroF1"


@dataclass(frozen=True)
class EvaluationFigures:
    """What one evaluation on the whole holdout found."""

    images: int
    accuracy: float
    macro_f1: float
    classes: Mapping[str, ClassFigures] = field(default_factory=dict)
    never_answered: tuple[str, ...] = ()

    def value(self, metric: str) -> float:
        return self.macro_f1 if metric == MACRO_F1 else self.accuracy


@dataclass(frozen=True)
class Difference:
    """Challenger − champion, with a lower and an upper bound that each hold at the confidence."""

    challenger: float
    champion: float
    value: float
    lower: float
    upper: float


def difference(comparison: Comparison, metric: str, confidence: float) -> Difference | None:
    """How the metric differs on the shared images; None where nothing tells.

    Nothing tells where no image was compared, and for macro F1 where there is no bootstrap.
    """
    counts = comparison.counts
    if not counts.images:
        return None
    accuracy = Difference(
        counts.challenger,
        counts.champion,
        (counts.challenger_only - counts.champion_only) / counts.images,
        *score_bounds(counts.challenger_only, counts.champion_only, counts.images, confidence),
    )
    if metric == ACCURACY:
        return accuracy
    return _macro_f1_difference(comparison.macro_f1, accuracy, counts.images, confidence)


def _macro_f1_difference(
    paired: PairedMacroF1, accuracy: Difference, images: int, confidence: float
) -> Difference | None:
    """The interval of the paired bootstrap (Efron and Tibshirani 1993, chapter 13), widened.

    Small holdouts make the bootstrap too sure: a rare class has few images to draw, and where two
    models answer nearly all images alike, so do all resamples. So both sides reach as far as the
    farther quantile, and half an image farther, and never less far than the bounds of accuracy.
    """
    if not paired.bootstrap:
        return None
    value = paired.challenger - paired.champion
    below = value - quantile(paired.bootstrap, 1 - confidence)
    above = quantile(paired.bootstrap, confidence) - value
    reach = max(below, above) + CONTINUITY / images
    return Difference(
        paired.challenger,
        paired.champion,
        value,
        max(-1.0, value - max(reach, accuracy.value - accuracy.lower)),
        min(1.0, value + max(reach, accuracy.upper - accuracy.value)),
    )


def quantile(quantiles: Sequence[float], share: float) -> float:
    """The quantile at `share`, between two of the evenly spaced ones linearly.

    Beyond the outermost ones nothing is known: −1 below and 1 above, the limits of a difference.
    """
    position = round(share * (len(quantiles) + 1) - 1, 9)
    if position < 0:
        return -1.0
    if position > len(quantiles) - 1:
        return 1.0
    below = math.floor(position)
    above = min(below + 1, len(quantiles) - 1)
    return quantiles[below] + (position - below) * (quantiles[above] - quantiles[below])
