"""`spec.feedback`: what people's answers are used for."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from dandelion_operator.api.spec.camel import Camel


class FeedbackMode(StrEnum):
    """Whether answers are marked for people to review."""

    DISABLED = "Disabled"
    REVIEW = "Review"


class Feedback(Camel):
    mode: FeedbackMode = FeedbackMode.DISABLED
    review_share: float = Field(default=0.01, ge=0, le=1)
