"""What a model answers, as pages read it. Made by `cluster.serving`, read by `views`.

The pods that answer are those of the model's namespace, and may say anything: what is not as
serving writes it is no answer.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, ValidationError

# The longest text of a model's own that a page shows.
TEXT = 2000


class ModelError(Exception):
    """A model did not do it; `status` is what to answer, `message` what to tell the person."""

    def __init__(self, status: int, message: str, retry_after: str = "") -> None:
        super().__init__(message)
        self.status = status
        self.message = message
        self.retry_after = retry_after


class _Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class Problem(_Part):
    """Why there is no prediction (RFC 9457)."""

    detail: str = Field(max_length=TEXT)
    code: str = Field(default="", max_length=100)


class Prediction(_Part):
    """Of one image: either a label or a problem. `scores` are probabilities by class."""

    label: str = ""
    probability: float = Field(default=0, ge=0, le=1)
    scores: dict[str, float] = Field(default_factory=dict)
    unknown: bool = False
    problem: Problem | None = None


class Identity(_Part):
    name: str
    version: str


class Answer(_Part):
    """`id` names it in feedback."""

    id: str = Field(max_length=4096)
    model: Identity
    predictions: tuple[Prediction, ...] = Field(min_length=1)


def parse_answer(content: Any) -> Answer | None:
    try:
        return Answer.model_validate(content)
    except ValidationError:
        return None


def parse_problem(content: Any) -> Problem | None:
    try:
        return Problem.model_validate(content if isinstance(content, Mapping) else None)
    except ValidationError:
        return None
