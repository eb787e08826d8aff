"""How far a window of answers may be from those of the holdout before chance no longer explains it.

Serving keeps windows of its answers and computes the same statistics against the reference answers
of the contract; `reference.py` makes those. The thresholds here are exceeded by a given share of
windows of images like the holdout's, and follow from resampling it.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from enum import StrEnum

import numpy as np
from numpy.typing import NDArray

STEPS = 64  # between quantiles: a distance of distributions is told to 1/64
DIGITS = 4  # significant ones of what is compared
WINDOWS = (20, 50, 100)  # answers
RATE = 0.01  # of false alarms, a window
REPLICATES = 5000
MOST_IMAGES = 2000  # that are resampled; of more, the reference's own chance hardly counts
SPREAD_TO = 1000  # of fewer images each stands for several
COMPONENTS_TO = 2.0**-24  # of features, which are 1 at most
AT_ONCE = 250  # replicates, so that temporary arrays stay small

Floats = NDArray[np.float64]
Counts = NDArray[np.int32]
Places = NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class ServedAnswers:
    """What serving answers for images, an item an image: the calibrated probability of each class
    that is compared, the highest of all classes', and the log density and the standardised features
    (images × features), where the graph gives them. Features may be those of the first images
    alone, and all copies of an image have the same.
    """

    probability: Mapping[str, Floats]
    confidence: Floats
    log_density: Floats | None
    features: Floats | None = None

    def first(self, images: int) -> "ServedAnswers":
        """Of so many images at most, rounded as they are compared."""
        density, features = self.log_density, self.features
        return ServedAnswers(
            {name: _rounded(values[:images]) for name, values in self.probability.items()},
            _rounded(self.confidence[:images]),
            None if density is None else _rounded(density[:images]),
            None if features is None else features[:images],
        )


class Statistic(StrEnum):
    """What is compared between a window and the holdout; serving knows each by this name.

    `PROBABILITIES`: the largest two-sample Kolmogorov–Smirnov distance over the classes'
    probabilities. `CONFIDENCE`: how low the highest probabilities are, as the mean of −ln p, where
    p is the share of the holdout that is as low. `LOG_DENSITY`: the Kolmogorov–Smirnov distance of
    the log densities. `FEATURES`: how far the mean of the standardised features is from the
    holdout's.
    """

    PROBABILITIES = "probabilities"
    CONFIDENCE = "confidence"
    LOG_DENSITY = "logDensity"
    FEATURES = "features"


@dataclass(frozen=True)
class DriftThresholds:
    """By answers in a window: what each statistic exceeds by chance in so few windows that one of
    them does in a share `rate` of windows at most.

    A window larger than the holdout has none.
    """

    rate: float
    windows: Mapping[int, Mapping[Statistic, float]]


def drift_thresholds(
    answers: ServedAnswers,
    windows: Sequence[int] = WINDOWS,
    rate: float = RATE,
    replicates: int = REPLICATES,
) -> DriftThresholds:
    """By resampling: a replicate draws a holdout and a window from the holdout's images, both with
    replacement, and compares the two. So the chance that is in the holdout itself counts too, and
    the smaller it is the higher are the thresholds.

    Both are drawn from a few hundred images or less as if there were more between them (smoothed
    bootstrap: Efron (1979), "Bootstrap methods: another look at the jackknife"): images that were
    drawn into both would make the two more alike than any that come later.
    """
    kept = answers.first(MOST_IMAGES)
    sizes = [size for size in windows if size <= len(kept.confidence)]
    told = {}
    for size, found in by_chance(kept, sizes, replicates).items():
        levels = jointly(np.column_stack(list(found.values())), rate)
        # Distances are steps of 1/64 and of a window's share: what equals a threshold must not
        # exceed it in the last digit of another processor.
        told[size] = dict(zip(found, (np.floor(levels * 1e6 + 1) / 1e6).tolist(), strict=True))
    return DriftThresholds(rate, told)


def by_chance(
    answers: ServedAnswers, sizes: Sequence[int], replicates: int
) -> dict[int, dict[Statistic, Floats]]:
    """By size of the window: each statistic, an item a replicate."""
    images = len(answers.confidence)
    chance = np.random.default_rng(0)
    spread = _spread(answers, max(1, SPREAD_TO // images), chance)
    there = len(spread.confidence)
    found: dict[int, list[dict[Statistic, Floats]]] = {size: [] for size in sizes}
    for start in range(0, replicates if sizes else 0, AT_ONCE):
        number = min(AT_ONCE, replicates - start)
        drawn = chance.integers(there, size=(number, images))
        of_row = np.arange(number)[:, np.newaxis] * there
        counts = np.bincount((drawn + of_row).ravel(), minlength=number * there)
        references = counts.reshape(number, there).astype(np.int32)
        for size, portions in found.items():
            windows = chance.integers(there, size=(number, size))
            portions.append(resampled(spread, references, windows))
    return {
        size: {each: np.concatenate([p[each] for p in portions]) for each in portions[0]}
        for size, portions in found.items()
    }


def _spread(answers: ServedAnswers, copies: int, chance: np.random.Generator) -> ServedAnswers:
    """Every image so many times, each of its values anywhere up to the next higher one. A value
    that several images have stays: it is one that others will have as well.
    """

    def spread(values: Floats) -> Floats:
        distinct, place, images = np.unique(values, return_inverse=True, return_counts=True)
        room = np.diff(distinct, append=distinct[-1:])
        room[images > 1] = 0
        return np.asarray(
            values[:, np.newaxis]
            + room[place][:, np.newaxis] * chance.random((len(values), copies))
        ).ravel()

    density = answers.log_density
    return ServedAnswers(
        {name: spread(values) for name, values in answers.probability.items()},
        spread(answers.confidence),
        None if density is None else spread(density),
        answers.features,
    )


def resampled(
    answers: ServedAnswers, references: Counts, windows: Places
) -> dict[Statistic, Floats]:
    """Each statistic, an item a window: `references` is windows × answers, how often each answer is
    in what a window is compared with, `windows` is windows × their size, the places of its answers.
    """
    by_class = [distances(each, references, windows) for each in answers.probability.values()]
    found = {
        Statistic.PROBABILITIES: np.max(by_class, axis=0),
        Statistic.CONFIDENCE: lowness(answers.confidence, references, windows),
    }
    if answers.log_density is not None:
        found[Statistic.LOG_DENSITY] = distances(answers.log_density, references, windows)
    if answers.features is not None:
        found[Statistic.FEATURES] = mean_distances(answers.features, references, windows)
    return found


def distances(values: Floats, references: Counts, windows: Places) -> Floats:
    """The Kolmogorov–Smirnov distance of each window to the quantiles of its reference at 1/64,
    2/64, … 1, with F the distribution of the window and q_i the quantile at i/64:
    max_i max(F(below q_i) − i/64, i/64 − F(up to q_i)).

    It is the distance to the whole reference, or up to 1/64 less; serving has quantiles alone.
    """
    below, upto = _reached(values, references, windows)
    size = windows.shape[1]
    # F steps at the window's values alone. Up to one of them is the last quantile that is lower
    # than the next value; the one that follows is the first of which it is below.
    lower = (below / STEPS - np.arange(size) / size).max(axis=1, initial=0)
    higher = (np.arange(1, size + 1) / size - (upto + 1) / STEPS).max(axis=1, initial=0)
    return np.asarray(np.maximum(lower, higher))


def lowness(values: Floats, references: Counts, windows: Places) -> Floats:
    """The mean of −ln p over each window, with p = (1 + quantiles that are no higher) / 65 of a
    value: about 1 where the window is like its reference, and more the lower its values are.

    p is the one-sided p-value that a value is no lower than the reference's, and the sum that of
    Fisher (1932), "Statistical methods for research workers". Of a mean of the values the chance
    cannot be had from few images: nearly all are sure, and how many are not decides.
    """
    _, upto = _reached(values, references, windows)
    return np.asarray(-np.log((1 + upto) / (1 + STEPS)).mean(axis=1))


def mean_distances(values: Floats, references: Counts, windows: Places) -> Floats:
    """The Euclidean distance of the mean of each window's vectors to that of its reference's;
    `values` is images × components, and all copies of an image have its vector.

    Of standardised features it is the Mahalanobis distance, and its square, but for a factor,
    Hotelling's T² with the covariance of the training images: Hotelling (1931), "The generalization
    of Student's ratio". It takes no covariance of a holdout, which may have fewer images than
    features.

    An image that was drawn several times counts as so many that have nothing in common, for the
    square of a sum of equal vectors is larger than later images' ever are: of its terms those of an
    image with itself are replaced by the squared lengths of as many single ones. Where none was
    drawn twice, it is the plain distance, as serving computes it.
    """
    images, size = len(values), windows.shape[1]
    copies = references.shape[1] // images
    held = references.reshape(len(windows), images, copies).sum(axis=2)
    of_row = np.arange(len(windows))[:, np.newaxis] * images
    counts = np.bincount((windows // copies + of_row).ravel(), minlength=len(windows) * images)
    drawn = counts.reshape(len(windows), images)
    known = held.sum(axis=1, keepdims=True)
    more = drawn * known - held * size
    with_itself = np.square(more / (size * known)) - drawn / size**2 - held / known**2
    lengths = np.square(values - values.mean(axis=0)).sum(axis=1)
    # BLAS adds up in an order that depends on the processor and on how many a process sees, and
    # the same answers are to give the same thresholds. Of whole numbers that float64 holds, here
    # below 2⁵³, every order gives the same sum.
    sums = more.astype(np.float64) @ np.rint(values / COMPONENTS_TO)
    apart = np.square(sums * (COMPONENTS_TO / (size * known))).sum(axis=1)
    squared = apart - np.einsum("wi,i->w", with_itself, lengths, optimize=False)
    return np.asarray(np.sqrt(squared.clip(min=0)))


def _reached(values: Floats, references: Counts, windows: Places) -> tuple[Places, Places]:
    """How many of its reference's quantiles are lower than each value of a window, and how many
    are no higher; the window's values ascend.
    """
    distinct, of_value = np.unique(values, return_inverse=True)
    last = np.searchsorted(np.sort(values), distinct, "right") - 1
    order = np.argsort(values, kind="stable")
    held = np.cumsum(references.take(order, axis=1), axis=1, dtype=np.int32)[:, last]
    held = np.concatenate([np.zeros_like(held[:, :1]), held], axis=1, dtype=np.int64)
    places = np.sort(of_value[windows], axis=1)
    below, upto = (np.take_along_axis(held, places + more, axis=1) for more in (0, 1))
    return below * STEPS // held[:, -1:], upto * STEPS // held[:, -1:]


def jointly(found: Floats, rate: float) -> Floats:
    """The thresholds of statistics, replicates × statistics, that a share `rate` of replicates at
    most exceeds in any of them.

    Each is exceeded equally often by itself: in a share between rate / statistics (Bonferroni), as
    if nothing connected them, and the rate. Westfall and Young (1993), "Resampling-based multiple
    testing": the smallest p-value of all is judged by how it is distributed.
    """
    descending = -np.sort(-found, axis=0)
    allowed = int(rate * len(found) + 1e-9)
    for place in range(allowed, 0, -1):
        if int((found > descending[place]).any(axis=1).sum()) <= allowed:
            return np.asarray(descending[place])
    return np.asarray(descending[0])


def _rounded(values: Floats) -> Floats:
    return np.array([significant(value) for value in values.tolist()])


def significant(value: float) -> float:
    """To four significant digits: a sure model's probabilities differ far below 0.0001."""
    return float(f"{value:.{DIGITS}g}")
