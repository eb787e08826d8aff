"""What the chart says to the token reviewer: the environment, parsed once by `__main__`.

Every variable has the prefix `DANDELION_`, but for the two that Kubernetes gives every pod.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field
from pydantic_settings import BaseSettings, SettingsConfigDict

from dandelion_inference.ports.grace import USUAL_GRACE_SECONDS, Ending, ending
from dandelion_inference.reviewer.reviews import PATIENCE


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="DANDELION_", frozen=True)

    kubernetes_service_host: str = Field(min_length=1, validation_alias="KUBERNETES_SERVICE_HOST")
    kubernetes_service_port: int = Field(default=443, validation_alias="KUBERNETES_SERVICE_PORT")
    service_account_dir: Path = Field(
        default=Path("/var/run/secrets/kubernetes.io/serviceaccount"),
        description="folder with the files token and ca.crt, to ask the API server with",
    )
    host: str = Field(default="", description="address to listen on; empty: every one")
    port: int = Field(default=8080, ge=0, le=65535)
    probes_port: int = Field(
        default=8081, ge=0, le=65535, description="port of probes and metrics, for the cluster only"
    )
    drain_seconds: float = Field(default=3, ge=0, description="time to go on accepting on SIGTERM")
    grace_seconds: float = Field(default=USUAL_GRACE_SECONDS, gt=0)

    @property
    def ending(self) -> Ending:
        return ending(
            self.grace_seconds, drain=self.drain_seconds, longest_request=PATIENCE, log=0.0
        )
