"""How far a stated probability can be believed, and when an answer is no answer.

A network trained to the end states probabilities that are too high. One number, the temperature T,
mends most of it: softmax(logits / T). It never changes which class is answered. T is fitted on the
holdout, where the calibration error is measured too, so the error that is reported is cross-fitted:
every image is judged with a T that was fitted without it.
"""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

Logits = NDArray[np.float32]
Labels = NDArray[np.int64]
Floats = NDArray[np.float64]

BINS = 15
IMAGES_A_BIN = 10  # fewer, and the error is mostly the chance in each bin
FOLDS = 5
KEPT = 0.95  # share of images of known classes that are not called unknown
HOTTEST, COLDEST = 20.0, 0.05
PRECISION = 1e-6  # of the temperature's logarithm
ROWS = 1 << 20  # logits at once, so that temporary arrays stay small


class UnknownScore(StrEnum):
    """What tells images of the classes from others, the higher the more like the classes: the
    highest probability, and the log density that the graph gives beside the logits.

    `unknown_scores` computes it, and so does serving, which knows it by this name.
    """

    MAX_PROBABILITY = "maxProbability"
    WITH_LOG_DENSITY = "maxProbabilityPlusLogDensity"


@dataclass(frozen=True)
class Calibration:
    """Fitted and measured on a number of holdout images.

    `ece_before` is the expected calibration error at temperature 1, `ece_after` the cross-fitted
    one at the fitted temperature. An answer whose `unknown_score` is below `unknown_threshold` is
    to be called unknown; None where there are too few images to tell. `unknown_kept` is the share
    of the images that are not, which the threshold makes 95 % or a little more.
    """

    temperature: float
    ece_before: float
    ece_after: float
    bins: int
    unknown_score: UnknownScore
    unknown_threshold: float | None
    unknown_kept: float | None
    images: int


def calibrated(
    logits: Logits, labels: Labels, log_density: NDArray[np.float32] | None = None
) -> Calibration:
    """Fit and measure; `logits` is images × classes, `labels` the true class of each image, of
    which there is one at least; `log_density` is the graph's, one an image, where it has any.

    Images are dealt to the folds in the order given, which must not depend on the labels.
    """
    images = len(labels)
    folds = np.arange(images) % min(FOLDS, images)
    temperature = fitted_temperature(logits, labels)
    held_out = np.empty(images)
    for fold in np.unique(folds):
        inside = folds == fold
        others = ~inside if images > 1 else inside
        held_out[inside] = confidences(
            logits[inside], fitted_temperature(logits[others], labels[others])
        )
    right = logits.argmax(axis=1) == labels
    bins = min(BINS, max(1, images // IMAGES_A_BIN))
    scores = unknown_scores(logits, temperature, log_density)
    threshold = unknown_threshold(scores)
    return Calibration(
        temperature=temperature,
        ece_before=expected_calibration_error(confidences(logits, 1.0), right, bins),
        ece_after=expected_calibration_error(held_out, right, bins),
        bins=bins,
        unknown_score=(
            UnknownScore.MAX_PROBABILITY if log_density is None else UnknownScore.WITH_LOG_DENSITY
        ),
        unknown_threshold=threshold,
        unknown_kept=None if threshold is None else float((scores >= threshold).mean()),
        images=images,
    )


def unknown_scores(
    logits: Logits, temperature: float, log_density: NDArray[np.float32] | None
) -> Floats:
    """The highest probability of each image at the temperature, plus its log density.

    The one falls where the network cannot tell between classes, the other where an image looks like
    nothing that was learnt from; of strangers that are told by one of them, the other says nothing.
    Both vary by some tenths over images of the classes, so the sum needs no weights.
    `make bench ONLY=unknown` measures it beside the energy and distances to class means.
    """
    found = confidences(logits, temperature)
    return found if log_density is None else found + log_density


def fitted_temperature(logits: Logits, labels: Labels) -> float:
    """The temperature with the least negative log-likelihood, between 0.05 and 20.

    Guo, Pleiss, Sun and Weinberger (2017), "On calibration of modern neural networks", ICML. In
    b = 1/T the likelihood log Σ exp(b·z) − b·z_y is convex, so its slope E[z] − z_y grows with b
    and has one root, found here by Newton's method inside a bracket that only shrinks.

    Where every answer is right, the likelihood has no minimum: any certainty could be higher. As
    Platt (1999), "Probabilistic outputs for support vector machines", does, each target therefore
    gives 1/(n + 2) to all classes alike; with n images that keeps T where n images can put it.
    """
    low, high = np.log(1 / HOTTEST), np.log(1 / COLDEST)
    target = _targets(logits, labels)
    place = 0.0
    while high - low > PRECISION:
        slope, curvature = _slope(logits, target, float(np.exp(place)))
        if slope > 0:
            high = place
        else:
            low = place
        # Newton's step for log b: its derivative is that of b, times b.
        step = slope / (curvature * np.exp(place)) if curvature > 0 else np.inf
        if abs(step) < PRECISION:
            return float(np.exp(-place))
        place = place - step
        if not low < place < high:
            place = (low + high) / 2
    return float(np.exp(-(low + high) / 2))


def _targets(logits: Logits, labels: Labels) -> Floats:
    """The logit of each image's target."""
    images = len(labels)
    share = 1 / (images + 2)
    own = logits[np.arange(images), labels].astype(np.float64)
    return np.asarray((1 - share) * own + share * logits.mean(axis=1, dtype=np.float64))


def _slope(logits: Logits, target: Floats, inverse: float) -> tuple[float, float]:
    """First and second derivative of the mean negative log-likelihood for 1/T = `inverse`."""
    slope = curvature = 0.0
    rows = max(1, ROWS // logits.shape[1])
    for start in range(0, len(logits), rows):
        z = logits[start : start + rows].astype(np.float64)
        weights = np.exp(inverse * (z - z.max(axis=1, keepdims=True)))
        weights /= weights.sum(axis=1, keepdims=True)
        mean = (weights * z).sum(axis=1)
        slope += float((mean - target[start : start + rows]).sum())
        curvature += float((weights * (z - mean[:, np.newaxis]) ** 2).sum())
    return slope / len(logits), curvature / len(logits)


def confidences(logits: Logits, temperature: float) -> Floats:
    """The highest probability of each image's softmax at a temperature."""
    found = np.empty(len(logits))
    rows = max(1, ROWS // logits.shape[1])
    for start in range(0, len(logits), rows):
        z = logits[start : start + rows].astype(np.float64)
        z -= z.max(axis=1, keepdims=True)
        found[start : start + rows] = 1 / np.exp(z / temperature).sum(axis=1)
    return found


def expected_calibration_error(confidence: Floats, right: NDArray[np.bool_], bins: int) -> float:
    """The mean distance between stated confidence and accuracy, over bins of equally many images.

    Bins of equal width would leave nearly every image of a good model in the last one; with equal
    mass the estimate is less biased (Nixon et al. (2019), "Measuring calibration in deep
    learning"; Roelofs et al. (2022), "Mitigating bias in calibration error estimation", AISTATS).
    Images of equal confidence share a bin, so the order of the images never matters.
    """
    images = len(confidence)
    ordered = np.sort(confidence)
    edges = np.unique(ordered[[number * images // bins for number in range(1, bins)]])
    place = np.searchsorted(edges, confidence, side="right")
    stated = np.bincount(place, weights=confidence, minlength=bins)
    found = np.bincount(place, weights=right, minlength=bins)
    return float(np.abs(stated - found).sum() / images)


def unknown_threshold(scores: Floats) -> float | None:
    """The score that at least 95 % of images of the known classes are expected to reach.

    The k-th smallest of n, with k = ⌊0.05·(n + 1)⌋: a new image from the same source falls below
    it with a chance of at most 5 %, whatever the distribution (split conformal prediction: Vovk,
    Gammerman and Shafer (2005), "Algorithmic learning in a random world"). Below 19 images no
    threshold can promise that. Rounded down, so that no image that was kept is lost.
    """
    # 1 − 0.95 is not 0.05 in floating point: the tenth of a billionth keeps 19 images enough.
    place = int((1 - KEPT) * (len(scores) + 1) + 1e-9)
    if place == 0:
        return None
    return float(np.floor(np.partition(scores, place - 1)[place - 1] * 1e6) / 1e6)
