"""`spec.training`: what is learnt, for how long, and where its pods run."""

from __future__ import annotations

from enum import StrEnum
from typing import Any

from pydantic import Field, field_validator

from dandelion_operator.api.spec.camel import Camel
from dandelion_operator.api.spec.pods.scheduling import ComputeResources, Toleration
from dandelion_operator.api.spec.pods.template import PodTemplate
from dandelion_operator.api.spec.search import CrossValidation, Search, Strength

TRAINING_CONTAINER = "training"


class Architecture(StrEnum):
    RESNET18 = "resnet18"
    RESNET34 = "resnet34"
    RESNET50 = "resnet50"
    RESNET101 = "resnet101"
    RESNET152 = "resnet152"


class Schedule(StrEnum):
    ONE_CYCLE = "OneCycle"
    COSINE = "Cosine"


class Augmentation(Camel):
    strength: Strength = Strength.LIGHT
    mirror: bool = False


class Training(Camel):
    architecture: Architecture = Architecture.RESNET34
    initial_weights: str = Field(
        default="auto", pattern=r"^(auto|none|imagenet|champion|s3://.+\.safetensors)$"
    )
    epochs: int = Field(default=10, ge=1, le=1000)
    batch_size: int = Field(default=32, ge=2, le=4096)
    image_size: int = Field(default=128, ge=32, le=512, multiple_of=32)
    learning_rate: float = Field(default=0.001, gt=0, le=1)
    schedule: Schedule = Schedule.ONE_CYCLE
    seed: int = Field(default=0, ge=0)
    augmentation: Augmentation = Field(default_factory=Augmentation)
    balance_classes: bool = True
    search: Search | None = None
    cross_validation: CrossValidation | None = None
    image: str | None = None
    resources: ComputeResources | None = None
    node_selector: dict[str, str] = Field(default_factory=dict)
    tolerations: tuple[Toleration, ...] = ()
    active_deadline_seconds: int = Field(default=86400, ge=1, le=2147483647)
    backoff_limit: int = Field(default=2, ge=0, le=100)
    ttl_seconds_after_finished: int | None = Field(default=None, ge=0)
    pod_template: PodTemplate | None = None

    @field_validator("pod_template")
    @classmethod
    def speaks_of_the_training_container(cls, value: PodTemplate | None) -> PodTemplate | None:
        return value.of_container(TRAINING_CONTAINER) if value else None

    @field_validator("augmentation", mode="before")
    @classmethod
    def an_empty_section_means_its_defaults(cls, value: Any) -> Any:
        return {} if value is None else value
