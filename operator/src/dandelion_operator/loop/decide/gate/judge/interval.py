"""How far a difference of two accuracies, measured on the same images, can be trusted.

Two models answer the same images. Only the images that one of them gets right and the other wrong
tell them apart: `wins` are right for the challenger alone, `losses` for the champion alone. The
difference is (wins − losses) / images, a share between −1 and 1.
"""

from __future__ import annotations

import math
from statistics import NormalDist

CONTINUITY = 0.5  # images
HALVINGS = 40  # of a range of at most 2: to 2e-12


def z(confidence: float) -> float:
    """The quantile of the standard normal distribution; 0.95 gives 1.645."""
    return NormalDist().inv_cdf(confidence)


def score_bounds(
    wins: int, losses: int, images: int, confidence: float, continuity: float = CONTINUITY
) -> tuple[float, float]:
    """The lower and the upper bound of challenger − champion, each at `confidence` by itself.

    Tango, T. (1998), Equivalence test and confidence interval for the difference in proportions for
    the paired-sample design, Statistics in Medicine 17, 891–908: all differences that the score
    test does not reject, with the variance under the difference that is tested. Both bounds
    together are a two-sided interval of 2 · confidence − 1.

    The counts move in whole images, so that the test alone rejects a little too often on small
    holdouts (up to 5.6 % instead of 5 % on 50 to 100 images). `continuity` takes half an image off
    the observed difference, as Yates did, and keeps it below; 0 gives Tango's own interval.

    Raises ValueError where no image was compared or the confidence is outside 0.5 to 1.
    """
    if images < 1 or min(wins, losses) < 0 or wins + losses > images:
        raise ValueError(f"{wins} and {losses} of {images} images are no counts of a comparison")
    if not 0.5 <= confidence < 1:
        raise ValueError(f"a confidence of {confidence} is outside 0.5 to 1")
    deviation = z(confidence)
    return (
        _lower_bound(wins, losses, images, deviation, continuity),
        -_lower_bound(losses, wins, images, deviation, continuity),
    )


def restricted_losses(wins: float, losses: float, images: float, difference: float) -> float:
    """The likeliest share of losses among all models that differ by exactly `difference`.

    The positive root of Tango's quadratic equation; the share of wins is this plus `difference`.
    """
    linear = -wins - losses + (2 * images - wins + losses) * difference
    constant = -losses * difference * (1 - difference)
    root = math.sqrt(max(0.0, linear * linear - 8 * images * constant))
    return (root - linear) / (4 * images)


def restricted_variance(wins: float, losses: float, images: float, difference: float) -> float:
    """The variance of one image's difference, under models that differ by exactly `difference`."""
    share = restricted_losses(wins, losses, images, difference)
    return max(0.0, 2 * share + difference * (1 - difference))


def _lower_bound(wins: int, losses: int, images: int, deviation: float, continuity: float) -> float:
    low, high = -1.0, (wins - losses) / images
    for _ in range(HALVINGS):
        middle = (low + high) / 2
        variance = images * restricted_variance(wins, losses, images, middle)
        above = wins - losses - images * middle - continuity
        if above > deviation * math.sqrt(variance):
            low = middle
        else:
            high = middle
    return low
