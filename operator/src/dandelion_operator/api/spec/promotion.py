"""`spec.promotion` and `spec.rollout`: what a version has to show, and how it comes to serve."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from dandelion_operator.api.spec.camel import Camel


class PromotionMode(StrEnum):
    AUTO = "Auto"
    MANUAL = "Manual"
    OBSERVE = "Observe"


class Metric(StrEnum):
    ACCURACY = "accuracy"
    MACRO_F1 = "macroF1"


class OnUndecided(StrEnum):
    """What happens where the holdout cannot tell whether a version is worse."""

    PROMOTE_IF_NOT_WORSE = "PromoteIfNotWorse"
    HOLD = "Hold"


class Promotion(Camel):
    """The rules of the gate. Shares lie between 0 and 1; they are not per cent."""

    mode: PromotionMode = PromotionMode.AUTO
    metric: Metric = Metric.ACCURACY
    minimum: float = Field(default=0.8, ge=0.0, le=1.0)
    margin: float = Field(default=0.02, ge=0.0, le=0.5)
    confidence: float = Field(default=0.95, ge=0.5, le=0.995)
    min_class_recall: float | None = Field(default=None, ge=0.0, le=1.0)
    min_improvement: float = Field(default=0.0, ge=0.0, le=1.0)
    on_undecided: OnUndecided = OnUndecided.PROMOTE_IF_NOT_WORSE


class Rollout(Camel):
    progress_deadline_seconds: int = Field(default=600, ge=10, le=86400)
    revision_history_limit: int = Field(default=3, ge=0, le=100)
