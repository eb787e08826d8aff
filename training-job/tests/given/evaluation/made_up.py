"""Answers as an evaluation would have them, for the tests of what rests on them."""

import hashlib
from collections.abc import Sequence

import numpy as np
from dandelion_training.evaluate.answers.collector import Collected, Collector
from dandelion_training.evaluate.answers.record import Answers
from numpy.typing import NDArray

DATASET = "sha256:" + "d" * 64
CHALLENGER = "sha256:" + "a" * 64
CHAMPION = "sha256:" + "b" * 64


def image(number: int) -> str:
    """The digest of a made-up image."""
    return hashlib.sha256(f"image {number}".encode()).hexdigest()


def collected(
    classes: Sequence[str],
    labels: Sequence[str],
    logits: NDArray[np.floating],
    contract: str = CHALLENGER,
    batch: int = 7,
) -> Collected:
    """Images are numbered as they come."""
    collector = Collector(classes, calibrate_on=[image(n) for n in range(len(labels))])
    truth = np.array([list(classes).index(label) for label in labels])
    for start in range(0, len(labels), batch):
        rows = slice(start, start + batch)
        numbers = range(len(labels))[rows]
        collector.add([image(n) for n in numbers], truth[rows], logits[rows].astype(np.float32))
    return collector.collected(DATASET, contract)


def answers(
    classes: Sequence[str],
    told: Sequence[tuple[str, str]],
    contract: str = CHALLENGER,
    sureness: float = 2.0,
) -> Answers:
    """From pairs of truth and answer, one an image."""
    logits = np.zeros((len(told), len(classes)))
    for row, (_, predicted) in enumerate(told):
        logits[row, list(classes).index(predicted)] = sureness
    return collected(classes, [label for label, _ in told], logits, contract).answers
