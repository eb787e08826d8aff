"""What the operator says to a pod: the environment, parsed once.

Called by `__main__`. Every variable has the prefix `DANDELION_`.
"""

from __future__ import annotations

import re
from enum import StrEnum
from ipaddress import IPv4Network, IPv6Network
from pathlib import Path
from typing import Annotated

from pydantic import (
    BeforeValidator,
    Field,
    HttpUrl,
    StringConstraints,
    ValidationError,
    field_validator,
    model_validator,
)
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

from dandelion_inference.ports.grace import USUAL_GRACE_SECONDS, Ending, ending

PREFIX = "DANDELION_"
DIGEST = r"^sha256:[0-9a-f]{64}$"
BUCKET = r"[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]"

Name = Annotated[str, StringConstraints(min_length=1)]
Networks = Annotated[
    tuple[IPv4Network | IPv6Network, ...],
    NoDecode,
    BeforeValidator(
        lambda value: tuple(filter(None, value.split(","))) if isinstance(value, str) else value
    ),
]


class Auth(StrEnum):
    """`spec.serving.auth`."""

    NONE = "None"
    CLUSTER_TOKENS = "ClusterTokens"


class Asked(StrEnum):
    """`spec.serving.precision`."""

    AUTO = "auto"
    FP32 = "fp32"
    BF16 = "bf16"
    INT8 = "int8"


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    model_name: Name = Field(description="name of the ModelDeployment")
    model_namespace: Name = Field(description="namespace of the ModelDeployment")
    model_uid: str = Field(
        default="", description="uid of the ModelDeployment, for the prediction log; empty: unknown"
    )
    model_version: Name = Field(description="version in the registry, as shown in answers")
    artifact_uri: str = Field(description="s3://bucket/prefix of the artifact folder")
    contract_digest: Annotated[str, StringConstraints(pattern=DIGEST)] = Field(
        description="digest that the bytes of contract.json must have"
    )

    s3_endpoint: HttpUrl = Field(description="URL of the object store")
    s3_region: Name = "us-east-1"
    s3_credentials_dir: Path = Field(
        default=Path("/var/run/secrets/dandelion/s3"),
        description="folder with the files AWS_ACCESS_KEY_ID, AWS_SECRET_ACCESS_KEY and, of a key "
        "that is for a while, AWS_SESSION_TOKEN",
    )
    s3_ca_bundle: str = Field(default="", description="PEM text of the CAs to trust; empty: system")
    s3_closed_networks: Networks = Field(
        default=(),
        description="networks that the object store may not be in, with commas between; empty: "
        "it may be anywhere, as that of the installation",
    )

    access_log_sample_ratio: float = Field(
        default=0.01, ge=0, le=1, description="share of the answers without an error in the log"
    )

    log_uri: str = Field(
        default="", description="s3://bucket/prefix of the prediction log; empty: none is kept"
    )
    log_images: bool = Field(default=False, description="log the images themselves too")
    review_share: float | None = Field(
        default=None, ge=0, le=1, description="share of the answers to mark for review; none: unset"
    )
    log_credentials_dir: Path = Field(
        default=Path("/var/run/secrets/dandelion/log"),
        description="folder with the same files, for a key that needs only to write there",
    )
    log_flush_seconds: float = Field(default=30, gt=0, description="longest time between writes")
    log_end_seconds: float = Field(
        default=8, ge=0, description="time to write what is left when the pod ends"
    )
    log_rows_in_memory: int = Field(default=20_000, ge=1)
    log_row_bytes_in_memory: int = Field(default=16 * 1024 * 1024, ge=1024)
    log_image_bytes_in_memory: int = Field(default=32 * 1024 * 1024, ge=1024)

    auth: Auth = Field(default=Auth.NONE, description="whose requests are answered")
    token_reviewer_url: HttpUrl | None = Field(
        default=None, description="URL of the installation's token reviewer; none: unset"
    )

    cors_allowed_origins: str = Field(
        default="",
        description="origins whose pages may call, with commas between; *: all; empty: none",
    )

    precision: Asked = Field(default=Asked.AUTO, description="what the network computes in")

    max_upload_bytes: int = Field(default=32 * 1024 * 1024, ge=1024)
    max_files: int = Field(default=32, ge=1, description="files in one request")
    max_form_parts: int = Field(default=128, ge=1, description="parts of a form, files or not")
    max_part_header_bytes: int = Field(default=8192, ge=256, description="one header of a part")
    queue_limit: int = Field(default=64, ge=1, description="requests taken on at once")
    stream_limit: int = Field(default=4, ge=1, description="streams of lines taken on at once")
    explanation_limit: int = Field(default=8, ge=1, description="explanations taken on at once")
    memory_bytes: int = Field(
        default=0, ge=0, description="memory that may be taken; 0: the container's limit"
    )
    request_timeout_seconds: float = Field(
        default=30, gt=0, description="time from the whole body to its answer"
    )
    upload_seconds: float = Field(default=60, gt=0, description="time to send a body")
    max_connections: int = Field(default=1024, ge=1, description="open at once")
    max_headers: int = Field(default=100, ge=1, description="headers of one request")
    max_head_bytes: int = Field(default=65_536, ge=1024, description="request line and headers")
    head_seconds: float = Field(default=10, gt=0, description="time to send them")
    refused_drain_seconds: float = Field(
        default=5, gt=0, description="time to read on what a client sends after its answer"
    )
    stalled_seconds: float = Field(
        default=30, gt=0, description="time in which a client takes nothing of its answer"
    )
    upload_min_bytes_per_second: int = Field(
        default=1024, ge=1, description="mean rate below which a body is refused"
    )
    upload_window_seconds: float = Field(
        default=10, gt=0, description="time over which that rate is measured"
    )
    drain_seconds: float = Field(default=3, ge=0, description="time to go on accepting on SIGTERM")
    grace_seconds: float = Field(
        default=USUAL_GRACE_SECONDS,
        gt=0,
        description="time from SIGTERM to SIGKILL: the pod's terminationGracePeriodSeconds",
    )

    artifact_dir: Path = Field(
        default=Path("/tmp/dandelion-artifact"),  # noqa: S108 - an emptyDir of the pod's own
        description="where the artifact is kept while the pod lives",
    )
    host: str = Field(default="", description="address to listen on; empty: every one")
    port: int = Field(default=8080, ge=0, le=65535)
    probes_port: int = Field(
        default=8081, ge=0, le=65535, description="port of probes and metrics, for the cluster only"
    )

    @field_validator("artifact_uri")
    @classmethod
    def _is_s3(cls, value: str) -> str:
        if not re.fullmatch(rf"s3://{BUCKET}/[^?#]+", value):
            raise ValueError("write it as s3://bucket/folder")
        return value.rstrip("/")

    @field_validator("log_uri")
    @classmethod
    def _is_s3_or_empty(cls, value: str) -> str:
        if value and not re.fullmatch(rf"s3://{BUCKET}(/[^?#]*)?", value):
            raise ValueError("write it as s3://bucket or s3://bucket/folder, or leave it empty")
        return value.rstrip("/")

    @model_validator(mode="after")
    def _can_ask(self) -> Settings:
        if self.auth is Auth.CLUSTER_TOKENS and self.token_reviewer_url is None:
            raise ValueError(
                "DANDELION_AUTH=ClusterTokens asks the installation's token reviewer, and "
                "DANDELION_TOKEN_REVIEWER_URL does not say where it is"
            )
        return self

    @property
    def ending(self) -> Ending:
        """How the time is spent in which the pod ends."""
        return ending(
            self.grace_seconds,
            drain=self.drain_seconds,
            # Of its body, and from its body to its answer.
            longest_request=self.upload_seconds + self.request_timeout_seconds,
            log=self.log_end_seconds if self.log_uri else 0.0,
        )

    @property
    def allowed_origins(self) -> tuple[str, ...]:
        """What `spec.serving.corsAllowedOrigins` lists."""
        return tuple(filter(None, self.cors_allowed_origins.split(",")))

    @property
    def log_location(self) -> tuple[str, str]:
        """Bucket and key prefix of the prediction log."""
        bucket, _, prefix = self.log_uri.removeprefix("s3://").partition("/")
        return bucket, prefix

    @property
    def artifact_location(self) -> tuple[str, str]:
        """Bucket and key prefix of the artifact."""
        bucket, _, prefix = self.artifact_uri.removeprefix("s3://").partition("/")
        return bucket, prefix


def complaint(error: ValidationError) -> str:
    """One line a wrong variable, naming the variable and never its value."""
    return "; ".join(
        f"{_variable(problem['loc'])}{problem['msg']}"
        for problem in error.errors(include_input=False, include_url=False)
    )


def _variable(place: tuple[int | str, ...]) -> str:
    name = ".".join(str(part) for part in place).upper()
    if not name:
        # About several at once: the message names them.
        return ""
    return f"{name}: " if name.startswith("KUBERNETES_") else f"{PREFIX}{name}: "
