"""What the chart says of the OpenID Connect provider; most means what kube-apiserver's flags mean.

Called by `__main__`. Every variable has the prefix `DANDELION_CONSOLE_OIDC_`.
"""

from __future__ import annotations

from pathlib import Path

from pydantic import Field, field_validator, model_validator
from pydantic_settings import BaseSettings, SettingsConfigDict

OIDC_PREFIX = "DANDELION_CONSOLE_OIDC_"


class Oidc(BaseSettings):
    model_config = SettingsConfigDict(env_prefix=OIDC_PREFIX, frozen=True)

    issuer: str = Field(default="", description="its address; empty: logins by pasted token alone")
    client_id: str = ""
    client_secret_file: Path | None = Field(
        default=None, description="read anew each time; none: a public client, with PKCE alone"
    )
    scopes: str = Field(default="", description="besides openid, separated by spaces")
    username_claim: str = "sub"
    username_prefix: str = ""
    groups_claim: str = ""
    groups_prefix: str = ""
    ca_file: Path | None = Field(
        default=None, description="certificates (PEM) by which it is known; none: the system's"
    )
    display_name: str = Field(default="single sign-on", description="what the button calls it")
    cluster_accepts_tokens: bool = Field(
        default=True, description="whether its ID tokens are logins at the API server"
    )

    @field_validator("issuer")
    @classmethod
    def _is_https(cls, value: str) -> str:
        if value and not value.startswith("https://"):
            raise ValueError("write the address of the issuer, which begins with https://")
        return value

    @model_validator(mode="after")
    def _is_whole(self) -> Oidc:
        if self.issuer and not self.client_id:
            raise ValueError("an issuer takes a client_id, as which the provider knows the console")
        return self

    def __bool__(self) -> bool:
        return bool(self.issuer)

    @property
    def scope(self) -> str:
        return " ".join(dict.fromkeys(["openid", *self.scopes.split()]))

    def secret(self) -> str:
        """Raises OSError."""
        return self.client_secret_file.read_text().strip() if self.client_secret_file else ""
