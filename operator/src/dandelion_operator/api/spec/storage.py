"""`spec.storage`: another S3 endpoint than the installation's, and the keys for it."""

from __future__ import annotations

from typing import Self

from pydantic import Field, model_validator

from dandelion_operator.api.spec.camel import Camel


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
