"""`spec.feedback`: what people's answers are used for."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from dandelion_operator.api.spec.camel import Camel


class FeedbackMode(StrEnum):
    """Whether answers are marked for people to review, and whether callers who agree need none."""

    DISABLED = "Disabled"
    REVIEW = "Review"
    AUTO = "Auto"


class Feedback(Camel):
    mode: FeedbackMode = FeedbackMode.DISABLED
    review_share: float = Field(default=0.01, ge=0, le=1)
    # From two on, no single caller can teach the model.
    min_agreement: int = Field(default=3, ge=2, le=100)
