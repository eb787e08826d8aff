"""How many reviews it takes until `accuracyBelow` starts a run, and how often it does by mistake.

Each reviewed answer of a version is right with one probability, whatever those before it were, and
every review is looked at.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from random import Random

import numpy as np
from dandelion_operator.seen.conclusions.triggers.live_accuracy import FEWEST_REVIEWED
from dandelion_training.review.accuracy.confidence_sequence import ConfidenceSequence

from tests.bench.figures import Figure

BELOW = 0.9  # `accuracyBelow`
WORSE = (0.7, 0.8, 0.85)
VERSIONS, MOST = 1_000, 5_000  # reviews of a version that is worse
AS_GOOD, REVIEWS = 2_000, 1_000
TRUTHS, LOOKED_AT = (0.5, 0.7, 0.9, 0.97), 500


def measure() -> list[Figure]:
    """Reviews in half and in nine of ten cases; shares of versions that are as good as is asked
    for, and of those whose accuracy was ever outside of its interval."""
    lot = Random(20261126)
    figures = []
    for share in WORSE:
        found = [started(share, MOST, lot) or MOST for _ in range(VERSIONS)]
        half, most = np.quantile(found, (0.5, 0.9), method="inverted_cdf")
        what = f"reviews until accuracyBelow {BELOW} starts a run, {share} are right: half / nine"
        figures.append(Figure(f"{what} of ten cases", f"{half} / {most}", "reviews"))
    mistakes = sum(started(BELOW, REVIEWS, lot) is not None for _ in range(AS_GOOD))
    what = f"accuracyBelow {BELOW} starts a run within {REVIEWS:,} reviews, {BELOW} are right"
    figures.append(Figure(what, _percent(mistakes / AS_GOOD), "%", "≤ 5"))
    for share in TRUTHS:
        left = np.mean([ever_outside(share, LOOKED_AT, lot) for _ in range(VERSIONS)])
        what = f"live accuracy {share} is once outside of its interval, {LOOKED_AT} reviews"
        figures.append(Figure(what, _percent(float(left)), "%", "≤ 5"))
    return figures


def _percent(share: float) -> str:
    return f"{100 * share:.2g}"


def intervals(share: float, lot: Random) -> Iterator[ConfidenceSequence]:
    """After each review, of answers of which this share is right; the same object each time."""
    sequence = ConfidenceSequence()
    while True:
        sequence.add(lot.random() < share)
        yield sequence


def started(share: float, reviews: int, lot: Random) -> int | None:
    """How many of the reviews there were when a run started; None where none did."""
    for number, sequence in enumerate(islice(intervals(share, lot), reviews), start=1):
        if number >= FEWEST_REVIEWED and sequence.upper < BELOW:
            return number
    return None


def ever_outside(share: float, reviews: int, lot: Random) -> bool:
    return any(
        not sequence.lower <= share <= sequence.upper
        for sequence in islice(intervals(share, lot), reviews)
    )
