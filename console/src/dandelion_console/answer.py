"""What a model answers, as pages read it. Made by `cluster.serving`, read by `views`.

The pods that answer are those of the model's namespace, and may say anything: what is not as
serving writes it is no answer.
"""

from __future__ import annotations

from typing import Annotated

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

# The longest text of a model's own that a page shows.
TEXT = 2000
# Of one answer. Serving takes 32 images at once, where its settings say no other number; each score
# is a few hundred bytes of a page.
PREDICTIONS = 256
SCORES = 32 * 1024

Label = Annotated[str, Field(max_length=TEXT)]


class ModelError(Exception):
    """A model did not do it; `status` is what to answer, `message` what to tell the person."""

    def __init__(self, status: int, message: str, retry_after: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after = retry_after


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True, allow_inf_nan=False)


class Problem(_Part):
    """Why there is no prediction (RFC 9457)."""

    detail: str = Field(max_length=TEXT)
    code: str = Field(default="", max_length=100)


class Prediction(_Part):
    """Of one image: either a label or a problem. `scores` are probabilities by class."""

    label: Label = ""
    probability: float = Field(default=0, ge=0, le=1)
    scores: dict[Label, float] = Field(default_factory=dict)
    unknown: bool = False
    problem: Problem | None = None


class Identity(_Part):
    name: Label
    version: Label


class Answer(_Part):
    """`id` names it in feedback."""

    id: str = Field(max_length=4096)
    model: Identity
    predictions: tuple[Prediction, ...] = Field(min_length=1, max_length=PREDICTIONS)

    @model_validator(mode="after")
    def _fits_a_page(self) -> Answer:
        if sum(len(prediction.scores) for prediction in self.predictions) > SCORES:
            raise ValueError("it has more scores than a page can show")
        return self


def parse_answer(content: bytes) -> Answer | None:
    """None for what is no answer. Pydantic's own reader of JSON, unlike Python's, refuses nesting
    without end and text that no page can be encoded with.
    """
    try:
        return Answer.model_validate_json(content)
    except ValidationError:
        return None


def parse_problem(content: bytes) -> Problem | None:
    try:
        return Problem.model_validate_json(content)
    except ValidationError:
        return None
