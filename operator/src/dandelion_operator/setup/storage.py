"""The chart's set-up Job: buckets, and for the chart's own MinIO a user and a policy per purpose.

`python -m dandelion_operator.setup.storage`, after every install and upgrade; doing it again
changes nothing. Where root keys are mounted the endpoint is the chart's MinIO, and its admin API
makes the users; nothing else in the system uses that API. Without root keys the endpoint is the
user's own: the buckets are looked for, made where that is allowed, and a clear message says what is
missing.
"""

from __future__ import annotations

import io
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import stamina
import structlog
from minio import Minio
from minio.credentials.providers import StaticProvider
from minio.error import S3Error
from minio.minioadmin import MinioAdmin
from pydantic_settings import BaseSettings, SettingsConfigDict

from dandelion_operator.api.location import Location
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.ports.s3.connection.client import ERRORS, as_failure, client, pool
from dandelion_operator.ports.s3.credentials import (
    SECRETS,
    Credentials,
    CredentialsError,
    from_folder,
)
from dandelion_operator.process import logs

WAIT_SECONDS = 120.0
TRAINING, INFERENCE, MLFLOW, LOGS = "training", "inference", "mlflow", "logs"
PROBE = "dandelion-setup/writable"
EXISTS = frozenset({"BucketAlreadyOwnedByYou", "BucketAlreadyExists"})

log = structlog.get_logger(__name__)


class SetupError(Exception):
    """The message says what is wrong and what to do about it."""


class UnreachableError(SetupError):
    """Worth waiting for: the endpoint may still be starting."""


class SetupSettings(BaseSettings):
    model_config = SettingsConfigDict(env_prefix="DANDELION_", frozen=True)

    s3_endpoint: str
    s3_region: str = "us-east-1"
    s3_ca_bundle: str = ""
    models_bucket: str = "models"
    datasets_bucket: str = "datasets"
    mlflow_bucket: str = "mlflow"
    # Empty: no log of predictions is set up.
    predictions_bucket: str = ""
    credentials_dir: Path = SECRETS


@dataclass(frozen=True)
class Use:
    """One purpose, its keys, and the buckets it needs to be there."""

    name: str
    credentials: Credentials
    buckets: tuple[str, ...]


def main() -> None:
    logs.configure("json")
    given: dict[str, Any] = {}
    try:
        set_up(SetupSettings(**given))
    except (SetupError, CredentialsError) as error:
        log.error("the storage is not set up", cause=str(error))
        sys.exit(1)


def set_up(settings: SetupSettings) -> None:
    uses = tuple(_uses(settings))
    root_folder = settings.credentials_dir / "root"
    place = _location(settings)
    if root_folder.is_dir():
        root = from_folder(root_folder, "rootUser", "rootPassword")
        buckets = dict.fromkeys(bucket for use in uses for bucket in use.buckets)
        as_root = client(place, root)
        for bucket in buckets:
            ensure_bucket(as_root, place, bucket, "the MinIO root user")
        admin = _admin(place, root)
        for use in uses:
            _ensure_user(admin, use, policies(settings)[use.name])
    for use in uses:
        own = client(place, use.credentials)
        for bucket in use.buckets:
            if use.name == LOGS:
                ensure_writable(own, place, bucket)
            else:
                ensure_bucket(own, place, bucket, f"the {use.name} keys")
    log.info("the storage is set up", endpoint=place.endpoint)


def _uses(settings: SetupSettings) -> Iterator[Use]:
    for name, buckets in (
        (TRAINING, (settings.datasets_bucket, settings.models_bucket)),
        (INFERENCE, (settings.models_bucket,)),
        (MLFLOW, (settings.mlflow_bucket,)),
        (LOGS, (settings.predictions_bucket,)),
    ):
        if not all(buckets):
            continue
        yield Use(name, from_folder(settings.credentials_dir / name), buckets)


def policies(settings: SetupSettings) -> dict[str, dict[str, Any]]:
    """Training reads all and writes artifacts, inference only reads them, MLflow has its own.

    The log is only written: who gets hold of its key can read nothing that was logged.
    """
    models = f"arn:aws:s3:::{settings.models_bucket}"
    mlflow = f"arn:aws:s3:::{settings.mlflow_bucket}"
    every = "arn:aws:s3:::*"
    upload = ["s3:PutObject", "s3:AbortMultipartUpload", "s3:ListMultipartUploadParts"]
    look = ["s3:ListBucket", "s3:GetBucketLocation"]
    return {
        TRAINING: _policy(
            (["s3:GetObject", *look], [every]),
            ([*upload, "s3:DeleteObject"], [f"{models}/*"]),
        ),
        # Without ListBucket a missing object reads as "access denied"; with it, as missing.
        INFERENCE: _policy((["s3:GetObject"], [f"{models}/*"]), (look, [models])),
        MLFLOW: _policy(
            (["s3:GetObject", "s3:DeleteObject", *upload], [f"{mlflow}/*"]),
            (look, [mlflow]),
        ),
        LOGS: _policy((["s3:PutObject"], [f"arn:aws:s3:::{settings.predictions_bucket}/*"])),
    }


def _policy(*grants: tuple[list[str], list[str]]) -> dict[str, Any]:
    return {
        "Version": "2012-10-17",
        "Statement": [
            {"Effect": "Allow", "Action": actions, "Resource": resources}
            for actions, resources in grants
        ],
    }


@stamina.retry(on=UnreachableError, attempts=None, timeout=WAIT_SECONDS, wait_max=5.0)
def ensure_bucket(minio: Minio, place: Location, bucket: str, who: str) -> None:
    try:
        if minio.bucket_exists(bucket):
            return
        minio.make_bucket(bucket)
    except S3Error as error:
        if error.code in EXISTS:
            return
        raise SetupError(
            f"{who} may neither find nor make the bucket {bucket} at {place.endpoint} "
            f"({error.code}); make the bucket, or give these keys access to it"
        ) from None
    except ERRORS as error:
        raise _as_error(as_failure(error, place, bucket)) from None
    log.info("made a bucket", bucket=bucket)


@stamina.retry(on=UnreachableError, attempts=None, timeout=WAIT_SECONDS, wait_max=5.0)
def ensure_writable(minio: Minio, place: Location, bucket: str) -> None:
    """A key that may only write can see neither bucket nor object: writing is how it finds out."""
    try:
        minio.put_object(bucket, PROBE, io.BytesIO(b""), 0)
    except S3Error as error:
        if error.code == "NoSuchBucket":
            ensure_bucket(minio, place, bucket, "the logs keys")
            return
        raise SetupError(
            f"the logs keys may not write to the bucket {bucket} at {place.endpoint} "
            f"({error.code}); allow them s3:PutObject on it"
        ) from None
    except ERRORS as error:
        raise _as_error(as_failure(error, place, bucket)) from None


def _as_error(failure: Failure) -> SetupError:
    if failure.reason is Reason.STORAGE_UNREACHABLE:
        return UnreachableError(failure.message)
    return SetupError(failure.message)


def _admin(place: Location, root: Credentials) -> MinioAdmin:
    parts = urlsplit(place.endpoint)
    return MinioAdmin(
        endpoint=parts.netloc,
        credentials=StaticProvider(root.access_key, root.secret_key),
        region=place.region,
        secure=parts.scheme == "https",
        http_client=pool(place.ca_bundle),
    )


def _ensure_user(admin: MinioAdmin, use: Use, policy: dict[str, Any]) -> None:
    name = f"dandelion-{use.name}"
    try:
        admin.user_add(use.credentials.access_key, use.credentials.secret_key)
        admin.policy_add(name, policy=policy)
        admin.policy_set(name, user=use.credentials.access_key)
    except ERRORS as error:
        raise SetupError(f"MinIO's admin API refuses the {use.name} user: {error}") from None
    log.info("user and policy are in place", policy=name)


def _location(settings: SetupSettings) -> Location:
    return Location(
        endpoint=settings.s3_endpoint.rstrip("/"),
        region=settings.s3_region,
        bucket=settings.models_bucket,
        ca_bundle=settings.s3_ca_bundle,
        training_secret="",
        inference_secret="",
        brings_own_keys=False,
    )


if __name__ == "__main__":
    main()
