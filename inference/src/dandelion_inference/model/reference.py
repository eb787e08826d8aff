"""How the model answered its holdout, as the contract tells it: what a day's answers are compared
with to see whether images have drifted.

Parsed with the contract; artifacts of earlier releases hold no answers.
"""

from __future__ import annotations

from enum import StrEnum
from itertools import pairwise
from typing import Annotated

from pydantic import AfterValidator, BaseModel, ConfigDict, Field, field_validator, model_validator

QUANTILES = 65  # at 0, 1/64, … 1
MOST_CLASSES = 100
MOST_FEATURES = 4096  # of the network's widest stages there are 2,048
DIGITS = 4  # significant ones of a quantile
LARGEST_WINDOW = 1000  # answers
MOST_WINDOWS = 10
ROUNDING = 1e-3  # of a sum or a comparison of such probabilities

Share = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


def _ascending(values: tuple[float, ...]) -> tuple[float, ...]:
    if any(later < earlier for earlier, later in pairwise(values)):
        raise ValueError("the quantiles do not ascend")
    return values


SIXTY_FIVE = (Field(min_length=QUANTILES, max_length=QUANTILES), AfterValidator(_ascending))
Quantiles = Annotated[tuple[Share, ...], *SIXTY_FIVE]
LogDensity = Annotated[float, Field(le=0, allow_inf_nan=False)]
Component = Annotated[float, Field(ge=-1, le=1, allow_inf_nan=False)]


class _Part(BaseModel):
    model_config = ConfigDict(frozen=True, extra="ignore")


class ReferenceAnswers(_Part):
    """Distributions of calibrated probabilities over `images` of the holdout, each as its 65
    quantiles at 0, 1/64, … 1: of the highest probability of an image (`confidence`), and of that of
    each of the classes that were answered most often (`probability`), of which there are 100 at
    most. A sample of 65 that is spread so stands for the holdout in a Kolmogorov–Smirnov distance
    to 1/64; `images` is its size in the test. `log_density` is of the graph's second output;
    `features` is the mean of its third. Either is missing where the graph has none, or where the
    artifact is of an earlier release.
    """

    images: int = Field(ge=1)
    mean_confidence: Share = Field(alias="meanConfidence")
    confidence: Quantiles
    probability: dict[str, Quantiles] = Field(min_length=1, max_length=MOST_CLASSES)
    log_density: Annotated[tuple[LogDensity, ...], *SIXTY_FIVE] | None = Field(
        default=None, alias="logDensity"
    )
    features: tuple[Component, ...] | None = Field(
        default=None, min_length=1, max_length=MOST_FEATURES
    )

    @model_validator(mode="after")
    def _agrees_with_itself(self) -> ReferenceAnswers:
        least, most = self.confidence[0], self.confidence[-1]
        if not least - ROUNDING <= self.mean_confidence <= most + ROUNDING:
            raise ValueError("the mean confidence is none of the confidences")
        if max(quantiles[-1] for quantiles in self.probability.values()) > most + ROUNDING:
            raise ValueError("a class is more probable than the most probable one")
        return self


class Statistic(StrEnum):
    """What is compared between a window of answers and the holdout's, as the contract names it;
    `answer/drift/statistics.py` computes it as training did."""

    PROBABILITIES = "probabilities"
    CONFIDENCE = "confidence"
    LOG_DENSITY = "logDensity"
    FEATURES = "features"


class DriftWindow(_Part):
    """How far a window of so many answers may be from the holdout's before chance no longer
    explains it: a threshold a statistic. One that only later releases know is left out, since the
    others are exceeded as seldom without it."""

    answers: int = Field(ge=1, le=LARGEST_WINDOW)
    thresholds: dict[Statistic, Annotated[float, Field(allow_inf_nan=False)]] = Field(min_length=1)

    @field_validator("thresholds", mode="before")
    @classmethod
    def _of_known_statistics(cls, told: object) -> object:
        if not isinstance(told, dict):
            return told
        return {name: threshold for name, threshold in told.items() if name in list(Statistic)}


class DriftThresholds(_Part):
    """Any of a window's thresholds is exceeded in a share `rate` of windows of images like the
    holdout's. No window where the holdout is too small for one."""

    rate: float = Field(default=0, ge=0, le=1, allow_inf_nan=False, alias="falseAlarmRate")
    windows: tuple[DriftWindow, ...] = Field(default=(), max_length=MOST_WINDOWS)

    @model_validator(mode="after")
    def _each_size_once(self) -> DriftThresholds:
        if len({window.answers for window in self.windows}) != len(self.windows):
            raise ValueError("two windows for drift have the same size")
        return self


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
    drift: DriftThresholds = DriftThresholds()

    @model_validator(mode="after")
    def _has_what_there_are_thresholds_for(self) -> ReferenceStatistics:
        asked = {each for window in self.drift.windows for each in window.thresholds}
        if not asked:
            return self
        if self.answers is None:
            raise ValueError("there are thresholds for drift, and no answers to compare with")
        if Statistic.LOG_DENSITY in asked and self.answers.log_density is None:
            raise ValueError("the log density has a threshold for drift, and no reference")
        if Statistic.FEATURES in asked and self.answers.features is None:
            raise ValueError("the features have a threshold for drift, and no reference")
        return self

    @model_validator(mode="after")
    def _shares_are_of_a_whole(self) -> ReferenceStatistics:
        if abs(sum(self.class_distribution.values()) - 1) > ROUNDING:
            raise ValueError("the classes' shares of the answers are not 1 together")
        return self
