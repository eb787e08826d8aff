"""What the chart says to a pod: the environment, parsed once.

Called by `__main__`. Every variable has the prefix `DANDELION_CONSOLE_`, but for the API server's
address, which Kubernetes tells every container.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, ValidationError, field_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

from dandelion_console.ports.oidc import OIDC_PREFIX, Oidc

PREFIX = "DANDELION_CONSOLE_"
ADDRESS = r"^(https?://[^?#\s]+)?$"


class Settings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=PREFIX, frozen=True)

    kubernetes_service_host: str = Field(
        min_length=1, validation_alias="KUBERNETES_SERVICE_HOST", description="the API server's"
    )
    kubernetes_service_port: int = Field(
        default=443, ge=1, le=65535, validation_alias="KUBERNETES_SERVICE_PORT"
    )
    ca_file: Path = Field(
        default=Path("/etc/dandelion/kubernetes/ca.crt"),
        description="certificates (PEM) by which the API server is known",
    )
    key_file: Path = Field(
        default=Path("/var/run/secrets/dandelion/console/key"),
        description="the key that sessions are encrypted with, read anew each time",
    )
    account_token_file: Path | None = Field(
        default=None,
        description="the token of the console's own account, read anew each time; none: no account",
    )
    model_address: str = Field(
        default="http://{name}-inference.{namespace}.svc",
        description="where a model's Service answers, of its `{name}` and `{namespace}`",
    )
    session_hours: float = Field(
        default=12, gt=0, le=168, description="how long a login lasts, if its token does"
    )
    namespaces: str = Field(
        default="", description="those to offer, comma separated; empty: ask the API server"
    )
    review_url: str = Field(
        default="",
        pattern=r"^(https?://[^/\s]+)?$",
        description="of the review service; empty: there is none",
    )
    review_token_file: Path = Field(
        default=Path("/var/run/secrets/dandelion/review/token"),
        description="the console's token for the review service, read anew each time",
    )
    mlflow_url: str = Field(
        default="", pattern=ADDRESS, description="of MLflow for browsers; empty: no links there"
    )
    grafana_url: str = Field(
        default="", pattern=ADDRESS, description="of Grafana for browsers; empty: no links there"
    )
    host: str = Field(default="", description="address to listen on; empty: every one")
    port: int = Field(default=8080, ge=0, le=65535)
    metrics_port: int = Field(default=9090, ge=0, le=65535, description="where Prometheus asks")

    @field_validator("kubernetes_service_host")
    @classmethod
    def _is_a_host(cls, value: str) -> str:
        if "/" in value:
            raise ValueError("write a name or an address, without https://")
        return value

    @property
    def api_server(self) -> str:
        host = self.kubernetes_service_host
        return f"https://{f'[{host}]' if ':' in host else host}:{self.kubernetes_service_port}"

    @property
    def offered_namespaces(self) -> tuple[str, ...]:
        return tuple(filter(None, self.namespaces.split(",")))


def complaint(error: ValidationError) -> str:
    """One line a wrong variable, naming the variable and never its value."""
    prefix = OIDC_PREFIX if error.title == Oidc.__name__ else PREFIX
    return "; ".join(
        f"{_variable(prefix, problem['loc'])}{problem['msg']}"
        for problem in error.errors(include_input=False, include_url=False)
    )


def _variable(prefix: str, place: tuple[int | str, ...]) -> str:
    name = ".".join(str(part) for part in place).upper()
    if not name:
        # About several at once: the message names them.
        return ""
    return f"{name}: " if name.startswith("KUBERNETES_") else f"{prefix}{name}: "
