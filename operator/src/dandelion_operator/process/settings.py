"""The operator's own settings: environment variables DANDELION_…, set by the chart."""

from __future__ import annotations

from pathlib import Path
from typing import Any, Literal, Self

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from dandelion_operator.api import naming
from dandelion_operator.api.location import Defaults
from dandelion_operator.ports.s3.credentials import SECRETS


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="DANDELION_", frozen=True)

    operator_namespace: str = "dandelion-system"
    pod_name: str = ""
    watch_namespaces: str = ""

    training_image: str
    inference_image: str
    image_pull_policy: Literal["Always", "IfNotPresent", "Never"] = "IfNotPresent"
    mlflow_tracking_uri: str

    s3_endpoint: str
    s3_region: str = "us-east-1"
    s3_bucket: str = "models"
    s3_ca_bundle: str = ""
    training_credentials_dir: Path = SECRETS / "training"
    inference_credentials_dir: Path = SECRETS / "inference"
    # Empty: the installation keeps no log of predictions.
    log_uri: str = ""
    log_credentials_dir: Path = SECRETS / "logs"
    # Empty: serving pods cannot be given the right to ask the API server who calls.
    token_reviewer_binding: str = ""

    registry_poll_seconds: float = Field(default=2.0, gt=0)
    resync_seconds: float = Field(default=60.0, gt=0)
    lease_name: str = "dandelion-operator"
    health_port: int = 8080
    metrics_port: int = 9090
    log_format: Literal["json", "console"] = "json"

    @classmethod
    def from_environment(cls) -> Self:
        given: dict[str, Any] = {}
        return cls(**given)

    @property
    def namespaces(self) -> tuple[str, ...]:
        """Empty: all of them."""
        return tuple(name.strip() for name in self.watch_namespaces.split(",") if name.strip())

    @property
    def defaults(self) -> Defaults:
        return Defaults(
            training_image=self.training_image,
            inference_image=self.inference_image,
            image_pull_policy=self.image_pull_policy,
            tracking_uri=self.mlflow_tracking_uri.rstrip("/"),
            s3_endpoint=self.s3_endpoint.rstrip("/"),
            s3_region=self.s3_region,
            s3_bucket=self.s3_bucket,
            s3_ca_bundle=self.s3_ca_bundle,
            log_uri=self.log_uri.rstrip("/"),
            installation=self.operator_namespace,
            credentials_dirs={
                naming.TRAINING: self.training_credentials_dir,
                naming.INFERENCE: self.inference_credentials_dir,
                naming.LOG: self.log_credentials_dir,
            },
        )
