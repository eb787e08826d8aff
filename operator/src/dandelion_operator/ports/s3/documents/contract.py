"""The part of contract.json that the operator reads: figures, files, dataset, precision.

And whether an artifact is what its contract promises. Called by `storage` and `stored`.
"""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from typing import Annotated, Literal, Self

from minio import Minio
from minio.error import S3Error
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dandelion_operator.api.location import Target, split_uri
from dandelion_operator.api.words import foreign
from dandelion_operator.ports.s3.connection.client import ERRORS, is_missing_key
from dandelion_operator.ports.s3.documents.parsing import parsing
from dandelion_operator.seen.comparison import ClassFigures
from dandelion_operator.seen.versions import ContractSeen

# Each file is asked for, each figure is shown: a contract of a run has about ten of either.
MAX_FILES, MAX_METRICS = 50, 50


class ContractError(Exception):
    pass


class Part(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)


class File(Part):
    sha256: str
    bytes: int


class Dataset(Part):
    digest: str | None = None
    uri: str = Field(default="", alias="storageUri")
    images: int | None = None
    holdout: int | None = None


class Precision(Part):
    choice: Literal["fp32", "bf16", "int8"] = "fp32"


class Training(Part):
    image: str = ""
    git_revision: str = Field(default="", alias="gitRevision")


class ByClass(Part):
    support: int = 0
    recall: float | None = None
    predicted: int | None = None

    @property
    def figures(self) -> ClassFigures:
        return ClassFigures(self.support, self.recall if self.support else None, self.predicted)


class Contract(Part):
    metrics: Annotated[dict[str, float], Field(max_length=MAX_METRICS)]
    files: Annotated[dict[str, File], Field(max_length=MAX_FILES)]
    name: str = ""
    classes: tuple[str, ...] = ()
    dataset: Dataset = Dataset()
    precision: Precision = Precision()
    training: Training = Training()
    by_class: dict[str, ByClass] = Field(default_factory=dict, alias="perClass")

    @classmethod
    def read(cls, content: bytes) -> Self:
        """Raises ContractError, LargeError."""
        try:
            with parsing(content):
                return cls.model_validate_json(content)
        except ValidationError as error:
            first = error.errors(include_url=False, include_input=False)[0]
            where = ".".join(str(part) for part in first["loc"])
            raise ContractError(foreign(f"{where}: {first['msg']}")) from None

    @property
    def seen(self) -> ContractSeen:
        return ContractSeen(
            metrics=self.metrics,
            dataset_digest=self.dataset.digest,
            images=self.dataset.images,
            classes=self.classes,
            precision=self.precision.choice,
            holdout=self.dataset.holdout,
            model=self.name,
            dataset_uri=self.dataset.uri,
            by_class={name: found.figures for name, found in self.by_class.items()},
        )


def verified(client: Minio, target: Target) -> ContractSeen:
    """Raises ContractError, SpentError and what minio raises."""
    bucket, prefix = split_uri(target.artifact_uri)
    name = "contract.json"
    try:
        content = client.get_object(bucket, f"{prefix}/{name}").read()
    except ERRORS as error:
        if is_missing_key(error):
            raise ContractError(f"{name} does not exist") from None
        raise
    digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
    if digest != target.contract_digest:
        raise ContractError(f"{name} has the digest {digest}, not {target.contract_digest}")
    try:
        contract = Contract.read(content)
    except ContractError as error:
        raise ContractError(f"{name}: {error}") from None
    sizes = _sizes(client, bucket, f"{prefix}/", contract.files)
    for name, promised in contract.files.items():
        if name not in sizes:
            raise ContractError(f"{name} does not exist")
        if sizes[name] != promised.bytes:
            raise ContractError(
                f"{name} has {sizes[name]} bytes, its contract promises {promised.bytes}"
            )
    return contract.seen


def _sizes(
    client: Minio, bucket: str, prefix: str, names: Iterable[str]
) -> Mapping[str, int | None]:
    """Of the files that are there.

    In one request where the keys may list: with one for each file, an endpoint that takes a second
    and a half for an answer would be given up as unreachable.
    """
    try:
        listed = client.list_objects(bucket, prefix=prefix, recursive=True)
        return {(found.object_name or "").removeprefix(prefix): found.size for found in listed}
    except S3Error as error:
        if error.code != "AccessDenied":
            raise
    sizes: dict[str, int | None] = {}
    for name in names:
        try:
            sizes[name] = client.stat_object(bucket, f"{prefix}{name}").size
        except S3Error as error:
            if not is_missing_key(error):
                raise
    return sizes
