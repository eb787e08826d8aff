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
    # From two on, no single voice can teach the model. Left out, one reviewer decides in mode
    # Review.
    min_agreement: int | None = Field(default=None, ge=2, le=100)

    @property
    def callers(self) -> int:
        """How many have to agree in mode Auto, where nobody reviewed what they say."""
        return 3 if self.min_agreement is None else self.min_agreement
