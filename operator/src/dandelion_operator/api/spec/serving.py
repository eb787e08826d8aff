"""`spec.serving`: the inference Deployment, and what it does for its clients."""

from __future__ import annotations

import re
from enum import StrEnum
from typing import Annotated, Any, Self

from pydantic import Field, field_validator, model_validator

from dandelion_operator.api.spec.camel import Camel
from dandelion_operator.api.spec.pods.scheduling import ComputeResources, Toleration
from dandelion_operator.api.spec.pods.template import PodTemplate

INFERENCE_CONTAINER = "inference"
S3_PLACE = r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^\s?#]*)?$"
# As a browser writes it: in small letters, without the usual port and without a path.
ORIGIN = r"^(\*|[a-z][a-z0-9+.-]*://([a-z0-9._-]+|\[[0-9a-f:.]+\])(:[0-9]{1,5})?)$"
USUAL_PORT = re.compile(r"^(http://.*:80|https://.*:443)$")


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
