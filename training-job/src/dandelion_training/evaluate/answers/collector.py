"""From batches of logits to what is kept of them.

The logits of 200,000 images and 2,000 classes are 1.6 GB; what is kept of an image is its answer
and five scores. Only of a sample, chosen before, the logits stay, for the calibration, and of
2,000 of those images the features, for drift.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from dandelion_training.evaluate.answers.record import TOP, Answers
from dandelion_training.evaluate.figures.drift import MOST_IMAGES

CALIBRATION_BYTES = 32 << 20  # of logits; one number is fitted, and 4,000 images tell it well


def calibration_images(classes: int) -> int:
    """How many images' logits may be kept: 4,194 for 2,000 classes, 838,860 for 10."""
    return max(1, CALIBRATION_BYTES // (4 * classes))


@dataclass(frozen=True, eq=False)
class Collected:
    """All that is known of a model's answers; `logits`, `labels` and `log_density` are those of the
    sample, in order of the images' digests. `features` are those of its first images, 2,000 at
    most. The last two are None where the model has none.
    """

    answers: Answers
    mean_confidence: float  # of all images, at temperature 1
    logits: NDArray[np.float32]
    labels: NDArray[np.int64]
    log_density: NDArray[np.float32] | None
    features: NDArray[np.float32] | None = None


class Collector:
    """Takes batch after batch and keeps what is needed."""

    def __init__(self, classes: Sequence[str], calibrate_on: Collection[str]) -> None:
        """`calibrate_on` are digests of images; a sample of `calibration_images` at most."""
        self._classes = tuple(classes)
        self._calibrate_on = frozenset(calibrate_on)
        self._featured = frozenset(sorted(calibrate_on)[:MOST_IMAGES])
        self._sha256: list[str] = []
        self._columns: list[tuple[NDArray[np.generic], ...]] = []
        self._sampled: dict[str, tuple[int, NDArray[np.float32], float | None]] = {}
        self._features: dict[str, NDArray[np.float32]] = {}
        self._confidence = 0.0

    def add(
        self,
        sha256s: Sequence[str],
        labels: NDArray[np.integer],
        logits: NDArray[np.float32],
        log_density: NDArray[np.float32] | None = None,
        features: NDArray[np.float32] | None = None,
    ) -> None:
        """One batch: digests, true classes, images × classes of logits, log densities, and images ×
        features.

        Raises ValueError where one of them is not a number: such a model has no answer to judge.
        """
        if logits.shape != (len(sha256s), len(self._classes)) or len(labels) != len(sha256s):
            raise ValueError(
                f"{len(sha256s)} images, {len(labels)} labels and logits of shape {logits.shape}"
                f" for {len(self._classes)} classes"
            )
        if log_density is not None and log_density.shape != (len(sha256s),):
            raise ValueError(f"{len(sha256s)} images, log densities of shape {log_density.shape}")
        if not np.isfinite(logits).all():
            raise ValueError("the model's logits are not all numbers")
        if log_density is not None and not np.isfinite(log_density).all():
            raise ValueError("the model's log densities are not all numbers")
        if features is not None and (features.ndim != 2 or len(features) != len(sha256s)):
            raise ValueError(f"{len(sha256s)} images, features of shape {features.shape}")
        if features is not None and not np.isfinite(features).all():
            raise ValueError("the model's features are not all numbers")
        probabilities = softmax(logits)
        predicted = logits.argmax(axis=1)
        self._confidence += float(probabilities.max(axis=1).sum())
        top, scores = _top(np.round(probabilities, 6), predicted)
        self._sha256.extend(sha256s)
        self._columns.append((labels.astype(np.int32), predicted.astype(np.int32), top, scores))
        for row, sha256 in enumerate(sha256s):
            if sha256 in self._calibrate_on:
                density = None if log_density is None else float(log_density[row])
                self._sampled[sha256] = int(labels[row]), logits[row].copy(), density
            if features is not None and sha256 in self._featured:
                self._features[sha256] = features[row].copy()

    def collected(self, dataset: str, contract: str) -> Collected:
        """Everything added so far; `dataset` and `contract` are digests.

        Raises ValueError where there is nothing, or where an image was added twice.
        """
        if not self._sha256:
            raise ValueError("no image was evaluated")
        sha256 = np.array(self._sha256, "S64")
        order = np.argsort(sha256, kind="stable")
        sha256 = sha256[order]
        if (sha256[1:] == sha256[:-1]).any():
            raise ValueError("an image was evaluated twice")
        label, predicted, top, scores = (
            np.concatenate(column)[order] for column in zip(*self._columns, strict=True)
        )
        answers = Answers(dataset, contract, self._classes, sha256, label, predicted, top, scores)
        sampled = [self._sampled[name] for name in sorted(self._sampled)]
        densities = [density for *_, density in sampled if density is not None]
        return Collected(
            answers,
            self._confidence / len(answers),
            np.array([logits for _, logits, _ in sampled], np.float32),
            np.array([truth for truth, *_ in sampled], np.int64),
            np.array(densities, np.float32) if len(densities) == len(sampled) else None,
            self._featured_first(len(sampled)),
        )

    def _featured_first(self, sampled: int) -> NDArray[np.float32] | None:
        """None where an image of those has none."""
        if not self._features or len(self._features) < min(sampled, MOST_IMAGES):
            return None
        return np.stack([self._features[name] for name in sorted(self._features)])


def softmax(logits: NDArray[np.float32]) -> NDArray[np.float64]:
    """Probabilities by row."""
    raised = np.exp(logits - logits.max(axis=1, keepdims=True), dtype=np.float64)
    return np.asarray(raised / raised.sum(axis=1, keepdims=True))


def _top(
    scores: NDArray[np.float64], predicted: NDArray[np.int64]
) -> tuple[NDArray[np.int32], NDArray[np.float32]]:
    """The classes with the highest scores: the predicted one, then by score, then by class."""
    kept = min(TOP, scores.shape[1])
    rows = np.arange(len(scores))[:, np.newaxis]
    ranked = -scores
    ranked[rows[:, 0], predicted] = -np.inf
    top = np.sort(np.argpartition(ranked, kept - 1, axis=1)[:, :kept], axis=1)
    top = np.take_along_axis(top, np.argsort(ranked[rows, top], axis=1, kind="stable"), axis=1)
    return top.astype(np.int32), scores[rows, top].astype(np.float32)
