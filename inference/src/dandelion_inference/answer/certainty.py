"""Whether an image may be none of the classes: one score against one threshold.

Both are the contract's. Training chose the threshold so that 95 % of the holdout's images reach it;
computed otherwise than there, the score would promise nothing, so a test holds the two together.
Called by `prediction.py`.
"""

from __future__ import annotations

from dataclasses import dataclass

from dandelion_inference.model.contract import Calibration, UnknownScore


@dataclass(frozen=True, slots=True)
class Certainty:
    score: float
    """The higher, the more the image is like those of the classes; 1 at most."""
    unknown: bool
    """Whether the score is below the threshold."""


def certainty(
    calibration: Calibration, probability: float, log_density: float | None
) -> Certainty | None:
    """Of an image whose most probable class has this probability; None without a threshold."""
    threshold = calibration.unknown_threshold
    if threshold is None:
        return None
    score = probability
    if calibration.unknown_score is UnknownScore.WITH_LOG_DENSITY:
        assert log_density is not None, "the contract names no output for it"
        score += log_density
    return Certainty(score, score < threshold)
