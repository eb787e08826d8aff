"""What a model's images look like as a whole and how it answers them: the reference that drift is
measured against.

`pipeline` makes both; `contract` holds them, and serving reads them there.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import torch
from numpy.typing import NDArray

from dandelion_training.data.served import Served
from dandelion_training.evaluate.figures.drift import STEPS, ServedAnswers, significant

MOST_CLASSES = 100  # of which a reference is kept


@dataclass(frozen=True)
class ChannelStatistics:
    """Channel statistics of all images as inference sees them, from 0 to 1; drift is measured
    against them.
    """

    mean: list[float]
    std: list[float]


def channel_statistics(served: Served) -> ChannelStatistics:
    """Channel mean and deviation over all images."""
    count, total, squares = (
        0,
        torch.zeros(3, dtype=torch.float64),
        torch.zeros(3, dtype=torch.float64),
    )
    for images in served.unchanged():
        values = images.to(torch.float64)
        count += values.numel() // 3
        total += values.sum(dim=(0, 2, 3))
        squares += (values * values).sum(dim=(0, 2, 3))
    mean = total / count
    deviation = (squares / count - mean * mean).clamp(min=0).sqrt()
    return ChannelStatistics(
        [round(v, 6) for v in mean.tolist()], [round(v, 6) for v in deviation.tolist()]
    )


@dataclass(frozen=True)
class ReferenceAnswers:
    """How a model answers a holdout as it is served: the distributions of its probabilities,
    softmax(logits / temperature), over `images` of the holdout.

    Each is the 65 quantiles at 0, 1/64, … 1, values that occurred, rounded to four significant
    digits; what is compared with them has to be rounded alike, since a sure model's probabilities
    crowd at 1. `confidence` is of the highest probability of an image; `probability` of that of
    each of the classes that were answered most often, of which there are 100 at most;
    `log_density` is of the graph's second output, None where it has none; `features` is the mean of
    its third over 2,000 images at most.
    """

    images: int
    mean_confidence: float
    confidence: tuple[float, ...]
    probability: Mapping[str, tuple[float, ...]]
    log_density: tuple[float, ...] | None
    features: tuple[float, ...] | None = None


def served_answers(
    logits: NDArray[np.float32],
    classes: Sequence[str],
    temperature: float,
    log_density: NDArray[np.float32] | None = None,
    features: NDArray[np.float32] | None = None,
) -> ServedAnswers:
    """From images × classes of logits, one image at least, a log density an image, and features of
    the first images.

    Of 2,000 classes most are answered too rarely to tell anything.
    """
    z = logits.astype(np.float64) / temperature
    probabilities = np.exp(z - z.max(axis=1, keepdims=True))
    probabilities /= probabilities.sum(axis=1, keepdims=True)
    answered = np.bincount(logits.argmax(axis=1), minlength=len(classes))
    chosen = np.sort(np.argsort(-answered, kind="stable")[:MOST_CLASSES])
    return ServedAnswers(
        {classes[index]: probabilities[:, index] for index in chosen},
        probabilities.max(axis=1),
        None if log_density is None else log_density.astype(np.float64),
        None if features is None else features.astype(np.float64),
    )


def reference_answers(answers: ServedAnswers) -> ReferenceAnswers:
    """With 65 quantiles the two-sample Kolmogorov–Smirnov distance to a day's answers is that of
    the whole holdout to 1/64.
    """
    density, features = answers.log_density, answers.features
    return ReferenceAnswers(
        images=len(answers.confidence),
        mean_confidence=significant(float(answers.confidence.mean())),
        confidence=_quantiles(answers.confidence),
        probability={name: _quantiles(values) for name, values in answers.probability.items()},
        log_density=None if density is None else _quantiles(density),
        features=None if features is None else _mean(features),
    )


def _mean(features: NDArray[np.float64]) -> tuple[float, ...]:
    """To six decimals: the thresholds for distances to it are about 0.1."""
    return tuple(round(value, 6) for value in features.mean(axis=0).tolist())


def _quantiles(values: NDArray[np.float64]) -> tuple[float, ...]:
    levels = np.arange(STEPS + 1) / STEPS
    found = np.quantile(values, levels, method="inverted_cdf")
    return tuple(significant(value) for value in found.tolist())
