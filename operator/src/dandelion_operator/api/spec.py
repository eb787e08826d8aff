"""The spec of a ModelDeployment: fields, defaults and bounds, typed.

The schema that the API server enforces lives in the chart's CRD; these models accept exactly the
same fields with the same defaults (a test compares them).
"""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any, Literal, Self

from pydantic import Field, StrictFloat, StrictInt, StrictStr, field_validator, model_validator

from dandelion_operator.api.camel import Camel
from dandelion_operator.api.pod_template import PodTemplate
from dandelion_operator.api.triggers import Triggers

# S3 names objects literally: `#`, `?`, `%` and spaces are characters of a key like any other.
S3_URI = r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^/\x00-\x1f\x7f]+)+/?$"
DIGEST = r"^sha256:[0-9a-f]{64}$"
TRAINING_CONTAINER, INFERENCE_CONTAINER = "training", "inference"
# As a browser writes it: in small letters, without the usual port and without a path.
ORIGIN = r"^(\*|[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?)$"
USUAL_PORT = re.compile(r"^(http://.*:80|https://.*:443)$")
S3_PLACE = r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^\s?#]*)?$"


class SecretRef(Camel):
    name: str


class Storage(Camel):
    endpoint: str | None = Field(default=None, pattern=r"^https?://[^/\s]+/?$")
    bucket: str | None = Field(default=None, max_length=63)
    region: str | None = Field(default=None, max_length=64)
    secret_ref: SecretRef | None = None
    serving_secret_ref: SecretRef | None = None
    ca_bundle: str | None = None

    @model_validator(mode="after")
    def an_endpoint_needs_keys(self) -> Self:
        if self.endpoint is not None and self.secret_ref is None:
            raise ValueError(
                "storage.endpoint needs storage.secretRef: a Secret with AWS_ACCESS_KEY_ID "
                "and AWS_SECRET_ACCESS_KEY"
            )
        if self.serving_secret_ref is not None and self.secret_ref is None:
            raise ValueError("storage.servingSecretRef needs storage.secretRef as well")
        return self


class OnSmallClass(StrEnum):
    """What becomes of a class with too few images: the run is refused, or goes on without it."""

    REFUSE = "Refuse"
    DROP = "Drop"


class Keep(StrEnum):
    """What a dataset version keeps of its images: where they lie, or copies beside it."""

    REFERENCES = "References"
    COPIES = "Copies"


class Dataset(Camel):
    storage_uri: str = Field(pattern=S3_URI)
    version: str | None = Field(default=None, pattern=DIGEST)
    holdout_fraction: float = Field(default=0.2, ge=0.05, le=0.5)
    on_small_class: OnSmallClass = OnSmallClass.REFUSE
    keep: Keep = Keep.REFERENCES

    @field_validator("storage_uri")
    @classmethod
    def s3_resolves_no_dots(cls, value: str) -> str:
        if {".", ".."} & set(value.split("/")):
            raise ValueError("contains the part . or .., which S3 does not resolve: leave it out")
        if value != value.rstrip():
            raise ValueError("ends in white space: leave it out")
        return value


# As Kubernetes takes a quantity in JSON: 2, 0.5 and "500m".
Quantity = StrictInt | StrictFloat | StrictStr


class ComputeResources(Camel):
    requests: dict[str, Quantity] = Field(default_factory=dict)
    limits: dict[str, Quantity] = Field(default_factory=dict)


class Toleration(Camel):
    key: str | None = None
    operator: Literal["Exists", "Equal"] | None = None
    value: str | None = None
    effect: Literal["NoSchedule", "PreferNoSchedule", "NoExecute"] | None = None
    toleration_seconds: int | None = None


class Architecture(StrEnum):
    RESNET18 = "resnet18"
    RESNET34 = "resnet34"
    RESNET50 = "resnet50"
    RESNET101 = "resnet101"
    RESNET152 = "resnet152"


class Schedule(StrEnum):
    ONE_CYCLE = "OneCycle"
    COSINE = "Cosine"


class Strength(StrEnum):
    NONE = "none"
    LIGHT = "light"
    STRONG = "strong"


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


class Precision(StrEnum):
    AUTO = "auto"
    FP32 = "fp32"
    BF16 = "bf16"
    INT8 = "int8"


class Logging(Camel):
    predictions: bool = True
    images: bool = False
    storage_uri: str | None = Field(default=None, pattern=S3_PLACE)

    @model_validator(mode="after")
    def images_need_predictions(self) -> Self:
        if self.images and not self.predictions:
            raise ValueError("logging.images needs logging.predictions: true")
        return self

    @property
    def is_asked_for(self) -> bool:
        """More than the default, which is a log where the installation set one up."""
        return self.predictions and (self.images or self.storage_uri is not None)


class AccessLog(Camel):
    sample_ratio: float = Field(default=0.01, ge=0, le=1)


class Auth(StrEnum):
    NONE = "None"
    CLUSTER_TOKENS = "ClusterTokens"


class Serving(Camel):
    replicas: int = Field(default=1, ge=0, le=1000)
    resources: ComputeResources | None = None
    node_selector: dict[str, str] = Field(default_factory=dict)
    tolerations: tuple[Toleration, ...] = ()
    precision: Precision = Precision.AUTO
    queue_limit: int = Field(default=64, ge=1, le=10000)
    request_timeout_seconds: int = Field(default=30, ge=1, le=600)
    logging: Logging = Field(default_factory=Logging)
    access_log: AccessLog = Field(default_factory=AccessLog)
    auth: Auth = Auth.NONE
    cors_allowed_origins: tuple[Annotated[str, Field(pattern=ORIGIN)], ...] = ()
    pod_template: PodTemplate | None = None

    @field_validator("logging", "access_log", mode="before")
    @classmethod
    def an_empty_section_means_its_defaults(cls, value: Any) -> Any:
        return {} if value is None else value

    @field_validator("pod_template")
    @classmethod
    def speaks_of_the_inference_container(cls, value: PodTemplate | None) -> PodTemplate | None:
        return value.of_container(INFERENCE_CONTAINER) if value else None

    @field_validator("cors_allowed_origins")
    @classmethod
    def are_written_as_browsers_do(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        if "*" in value and len(value) > 1:
            raise ValueError("'*' stands for every origin: write it alone, or name the origins")
        if any(USUAL_PORT.match(origin) for origin in value):
            raise ValueError("leave the port out, as browsers do with the usual one of a scheme")
        return value

    @model_validator(mode="after")
    def tokens_are_for_pages_that_are_named(self) -> Self:
        if self.auth is Auth.CLUSTER_TOKENS and "*" in self.cors_allowed_origins:
            raise ValueError(
                "corsAllowedOrigins cannot be '*' with auth: ClusterTokens: name the origins whose "
                "pages may send a token"
            )
        return self

    @model_validator(mode="after")
    def tokens_need_the_operators_account(self) -> Self:
        account = self.pod_template and self.pod_template.spec.service_account_name
        if account and self.auth is Auth.CLUSTER_TOKENS:
            raise ValueError(
                "podTemplate.spec.serviceAccountName cannot be set with auth: ClusterTokens, whose "
                "pods run as an account of their own: leave one of the two out"
            )
        return self


class Spec(Camel):
    suspend: bool = False
    storage: Storage = Field(default_factory=Storage)
    dataset: Dataset
    training: Training = Field(default_factory=Training)
    triggers: Triggers = Field(default_factory=Triggers)
    promotion: Promotion = Field(default_factory=Promotion)
    rollout: Rollout = Field(default_factory=Rollout)
    serving: Serving = Field(default_factory=Serving)

    @field_validator(
        "storage", "training", "triggers", "promotion", "rollout", "serving", mode="before"
    )
    @classmethod
    def an_empty_section_means_its_defaults(cls, value: Any) -> Any:
        return {} if value is None else value

    @model_validator(mode="after")
    def a_pinned_version_has_no_new_images(self) -> Self:
        if self.dataset.version is not None and self.triggers.new_images is not None:
            raise ValueError(
                "triggers.newImages starts nothing with dataset.version, which never gets new "
                "images: leave one of the two out"
            )
        return self
