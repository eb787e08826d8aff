"""How the model answered its holdout, as the contract tells it: what a day's answers are compared
with to see whether images have drifted.

Parsed with the contract; artifacts of earlier releases hold no answers.
"""

from __future__ import annotations

from itertools import pairwise
from typing import Annotated

import numpy as np
from numpy.typing import ArrayLike, NDArray
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator

QUANTILES = 65  # at 0, 1/64, … 1
MOST_CLASSES = 100
DIGITS = 4  # significant ones of a probability
ROUNDING = 1e-3  # of a sum or a comparison of such probabilities

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


def _ascending(values: tuple[float, ...]) -> tuple[float, ...]:
    if any(later < earlier for earlier, later in pairwise(values)):
        raise ValueError("the quantiles do not ascend")
    return values


Quantiles = Annotated[
    tuple[Share, ...],
    Field(min_length=QUANTILES, max_length=QUANTILES),
    AfterValidator(_ascending),
]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ReferenceAnswers(_Part):
    """Distributions of calibrated probabilities over `images` of the holdout, each as its 65
    quantiles at 0, 1/64, … 1: of the highest probability of an image (`confidence`), and of that of
    each of the classes that were answered most often (`probability`), of which there are 100 at
    most. A sample of 65 that is spread so stands for the holdout in a Kolmogorov–Smirnov distance
    to 1/64; `images` is its size in the test.
    """

    images: int = Field(ge=1)
    mean_confidence: Share = Field(alias="meanConfidence")
    confidence: Quantiles
    probability: dict[str, Quantiles] = Field(min_length=1, max_length=MOST_CLASSES)

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> ReferenceAnswers:
        least, most = self.confidence[0], self.confidence[-1]
        if not least - ROUNDING <= self.mean_confidence <= most + ROUNDING:
            raise ValueError("the mean confidence is none of the confidences")
        if max(quantiles[-1] for quantiles in self.probability.values()) > most + ROUNDING:
            raise ValueError("a class is more probable than the most probable one")
        return self

    def of(self, label: str) -> NDArray[np.float64] | None:
        """The quantiles of a class's probability; None for one that has no reference."""
        quantiles = self.probability.get(label)
        return None if quantiles is None else np.array(quantiles)


class ReferenceStatistics(_Part):
    """Means and deviations of the colour channels, 0 to 1, over all images of the dataset; the
    share of the holdout that each class was answered for; the mean of the highest probabilities
    before calibration.
    """

    mean_rgb: tuple[Share, Share, Share] = Field(alias="meanRGB")
    std_rgb: tuple[Share, Share, Share] = Field(alias="stdRGB")
    class_distribution: dict[str, Share] = Field(alias="classDistribution")
    mean_confidence: Share = Field(alias="meanConfidence")
    answers: ReferenceAnswers | None = None

    @model_validator(mode="after")
    def _shares_are_of_a_whole(self) -> ReferenceStatistics:
        if abs(sum(self.class_distribution.values()) - 1) > ROUNDING:
            raise ValueError("the classes' shares of the answers are not 1 together")
        return self


def comparable(probabilities: ArrayLike) -> NDArray[np.float64]:
    """Probabilities rounded as the reference's are.

    A sure model's probabilities crowd at 1: 0.99996 is below every 1.000 of the reference, and the
    two would look like different worlds.
    """
    values = np.asarray(probabilities, np.float64)
    rounded = [float(f"{value:.{DIGITS}g}") for value in values.ravel().tolist()]
    return np.array(rounded).reshape(values.shape)
