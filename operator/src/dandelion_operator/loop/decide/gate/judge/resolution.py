"""What a holdout can tell: how small a difference, and how many images would tell a smaller one.

A holdout tells a difference of x where a challenger that is exactly as good as the champion would
be shown to be less than x worse four times out of five (`POWER`).

    x · n − continuity = (z(confidence) · σ₀ + z(power) · σ₁) · √n

σ₁² is the share of images that the two models answer differently, σ₀² the variance restricted to
models that differ by x. Nam, J. (1997), Establishing equivalence of two treatments and sample size
requirements in matched-pairs design, Biometrics 53, 1422–1430, with the continuity of `interval`.
"""

from __future__ import annotations

import math

from dandelion_operator.loop.decide.gate.judge.evidence import ACCURACY, quantile
from dandelion_operator.loop.decide.gate.judge.interval import (
    CONTINUITY,
    HALVINGS,
    restricted_variance,
    z,
)
from dandelion_operator.seen.comparison import Comparison, PairedCounts, PairedMacroF1

POWER = 0.8
MOST_IMAGES = 1e9
ONE_SIGMA = 0.8413447460685429  # the share of a normal distribution below one σ


def resolution(comparison: Comparison, metric: str, confidence: float) -> float | None:
    """The smallest difference, as a share, that this holdout can tell; None where nothing tells."""
    images = comparison.counts.images
    if not images:
        return None
    told = accuracy_resolution(images, discordance(comparison.counts), confidence)
    if metric == ACCURACY:
        return told
    deviation = _bootstrap_deviation(comparison.macro_f1)
    if deviation is None:
        return None
    return min(1.0, max(told, (z(confidence) + z(POWER)) * deviation))


def images_needed(
    comparison: Comparison, metric: str, margin: float, confidence: float
) -> int | None:
    """How many holdout images of the shared classes would tell `margin`, as this holdout suggests.

    None where nothing tells, or more than anybody has: a margin of 0 takes endlessly many.
    """
    images = comparison.counts.images
    if margin <= 0 or not images:
        return None
    needed = accuracy_images(margin, discordance(comparison.counts), confidence)
    if metric != ACCURACY:
        deviation = _bootstrap_deviation(comparison.macro_f1)
        if deviation is None:
            return None
        spread = (z(confidence) + z(POWER)) * deviation / margin
        needed = max(needed, images * spread * spread)
    return math.ceil(needed) if needed < MOST_IMAGES else None


def discordance(counts: PairedCounts) -> float:
    """The share of images that one of the two got right and the other wrong.

    One image of each kind is added, so that a small holdout on which both agree does not promise
    that they always will.
    """
    return (counts.challenger_only + counts.champion_only + 1) / (counts.images + 2)


def accuracy_images(margin: float, discordance: float, confidence: float) -> float:
    """How many images tell `margin` where the models answer `discordance` of them differently.

    Not rounded; infinite for a margin that is next to nothing. The margin is above 0.
    """
    null = math.sqrt(restricted_variance(discordance / 2, discordance / 2, 1, -margin))
    reach = z(confidence) * null + z(POWER) * math.sqrt(discordance)
    root = (reach + math.sqrt(reach * reach + 4 * margin * CONTINUITY)) / (2 * margin)
    return root * root


def accuracy_resolution(images: int, discordance: float, confidence: float) -> float:
    """The smallest margin that `images` tell; 1 where even that is out of reach."""
    low, high = 0.0, 1.0
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        if accuracy_images(middle, discordance, confidence) <= images:
            high = middle
        else:
            low = middle
    return high


def _bootstrap_deviation(paired: PairedMacroF1) -> float | None:
    if not paired.bootstrap:
        return None
    return (quantile(paired.bootstrap, ONE_SIGMA) - quantile(paired.bootstrap, 1 - ONE_SIGMA)) / 2
