"""`spec.dataset`: where the labelled images are, and what a version keeps of them."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, field_validator, model_validator

from dandelion_operator.api.spec.camel import Camel

# S3 names objects literally: `#`, `?`, `%` and spaces are characters of a key like any other.
S3_URI = r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^/\x00-\x1f\x7f]+)+/?$"
DIGEST = r"^sha256:[0-9a-f]{64}$"
# A table, told by its ending as training does.
S3_TABLE = (
    r"^s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^/\x00-\x1f\x7f]+)*"
    r"/[^/\x00-\x1f\x7f]+\.(?i:csv|tsv|jsonl|ndjson)$"
)
CONFIG_MAP_KEY = r"^[-._a-zA-Z0-9]+\.(csv|tsv|jsonl|ndjson)$"
NAME = r"[a-z0-9]([a-z0-9_-]{0,61}[a-z0-9])?"
HOST = rf"^{NAME}(\.{NAME})*(:[1-9][0-9]{{0,4}})?$"


class OnSmallClass(StrEnum):
    """What becomes of a class with too few images: the run is refused, or goes on without it."""

    REFUSE = "Refuse"
    DROP = "Drop"


class Keep(StrEnum):
    """What a dataset version keeps of its images: where they lie, or copies beside it."""

    REFERENCES = "References"
    COPIES = "Copies"


class ConfigMapRef(Camel):
    name: str
    key: str = Field(default="urls.csv", pattern=CONFIG_MAP_KEY)


class Urls(Camel):
    """A table of addresses of images and their labels, in S3 or in a ConfigMap."""

    storage_uri: str | None = Field(default=None, pattern=S3_TABLE)
    config_map_ref: ConfigMapRef | None = None
    allowed_hosts: tuple[Annotated[str, Field(pattern=HOST)], ...] = ()

    @field_validator("storage_uri")
    @classmethod
    def s3_resolves_no_dots(cls, value: str | None) -> str | None:
        return value if value is None else _plain(value)

    @model_validator(mode="after")
    def is_one_table(self) -> Self:
        if (self.storage_uri is None) == (self.config_map_ref is None):
            raise ValueError("dataset.urls needs storageUri or configMapRef, and not both")
        return self


class Dataset(Camel):
    storage_uri: str = Field(pattern=S3_URI)
    version: str | None = Field(default=None, pattern=DIGEST)
    holdout_fraction: float = Field(default=0.2, ge=0.05, le=0.5)
    on_small_class: OnSmallClass = OnSmallClass.REFUSE
    keep: Keep = Keep.REFERENCES
    urls: Urls | None = None

    @field_validator("storage_uri")
    @classmethod
    def s3_resolves_no_dots(cls, value: str) -> str:
        return _plain(value)


def _plain(uri: str) -> str:
    if {".", ".."} & set(uri.split("/")):
        raise ValueError("contains the part . or .., which S3 does not resolve: leave it out")
    if uri != uri.rstrip():
        raise ValueError("ends in white space: leave it out")
    return uri
