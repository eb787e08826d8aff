"""The spec of a ModelDeployment: fields, defaults and bounds, typed; a module a section.

The schema that the API server enforces lives in the chart's CRD; these models accept exactly the
same fields with the same defaults (a test compares them).
"""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, field_validator, model_validator

from dandelion_operator.api.spec.camel import Camel
from dandelion_operator.api.spec.dataset import Dataset
from dandelion_operator.api.spec.feedback import Feedback, FeedbackMode
from dandelion_operator.api.spec.promotion import Promotion, Rollout
from dandelion_operator.api.spec.serving import Auth, Serving
from dandelion_operator.api.spec.storage import Storage
from dandelion_operator.api.spec.training import Training
from dandelion_operator.api.spec.triggers import Triggers


class Spec(Camel):
    suspend: bool = False
    storage: Storage = Field(default_factory=Storage)
    dataset: Dataset
    training: Training = Field(default_factory=Training)
    triggers: Triggers = Field(default_factory=Triggers)
    promotion: Promotion = Field(default_factory=Promotion)
    rollout: Rollout = Field(default_factory=Rollout)
    serving: Serving = Field(default_factory=Serving)
    feedback: Feedback = Field(default_factory=Feedback)

    @field_validator(
        *("storage", "training", "triggers", "promotion", "rollout", "serving", "feedback"),
        mode="before",
    )
    @classmethod
    def an_empty_section_means_its_defaults(cls, value: Any) -> Any:
        return {} if value is None else value

    @model_validator(mode="after")
    def feedback_needs_the_images(self) -> Self:
        if self.feedback.mode is not FeedbackMode.DISABLED and not self.serving.logging.images:
            raise ValueError(
                f"feedback.mode: {self.feedback.mode} needs serving.logging.images: true, because "
                "nobody can review, and no run learn from, an image that is not kept"
            )
        return self

    @model_validator(mode="after")
    def agreement_needs_known_callers(self) -> Self:
        if self.feedback.mode is FeedbackMode.AUTO and self.serving.auth is Auth.NONE:
            raise ValueError(
                "feedback.mode: Auto counts callers, and with serving.auth: None nobody is known: "
                "write auth: ClusterTokens, or mode: Review"
            )
        return self

    @model_validator(mode="after")
    def an_accuracy_is_what_reviewers_say(self) -> Self:
        if self.triggers.accuracy_below is None:
            return self
        if self.feedback.mode is FeedbackMode.DISABLED:
            raise ValueError(
                "triggers.accuracyBelow needs feedback.mode: Review, because how often answers are "
                "right is known of reviewed ones alone"
            )
        if self.dataset.version is not None:
            raise ValueError(
                "triggers.accuracyBelow would train the same model again with dataset.version, "
                "which gets no reviewed images: leave one of the two out"
            )
        return self

    @model_validator(mode="after")
    def a_pinned_version_has_no_new_images(self) -> Self:
        if self.dataset.version is not None and self.triggers.new_images is not None:
            raise ValueError(
                "triggers.newImages starts nothing with dataset.version, which never gets new "
                "images: leave one of the two out"
            )
        return self
