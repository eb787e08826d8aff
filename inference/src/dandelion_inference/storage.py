"""Reads objects from any S3 endpoint, and says in the service's own words why it could not.

Called by `artifact.py` through the `ObjectStore` protocol. Credentials are read from their files at
every attempt, so that a rotated or corrected Secret takes effect without a restart.
"""

from __future__ import annotations

import ssl
from collections.abc import Iterator
from contextlib import closing
from typing import TYPE_CHECKING, Protocol
from urllib.parse import urlsplit

import urllib3

from dandelion_inference.errors import LoadError, Reason
from dandelion_inference.settings import Settings

if TYPE_CHECKING:
    from minio import Minio
    from minio.error import S3Error

CHUNK_BYTES = 1024 * 1024
TIMEOUT = urllib3.Timeout(connect=5, read=20)

MISSING = frozenset({"NoSuchKey", "NoSuchBucket", "NoSuchVersion", "ResourceNotFound"})
REJECTED = frozenset(
    {
        "AccessDenied",
        "AuthorizationHeaderMalformed",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidToken",
        "SignatureDoesNotMatch",
    }
)


class ObjectStore(Protocol):
    def read(self, bucket: str, key: str) -> Iterator[bytes]:
        """The object's bytes in pieces; raises LoadError."""
        ...


class S3Store:
    def __init__(self, settings: Settings) -> None:
        self._endpoint = str(settings.s3_endpoint).rstrip("/")
        self._region = settings.s3_region
        self._credentials_dir = settings.s3_credentials_dir
        self._http = urllib3.PoolManager(
            timeout=TIMEOUT,
            retries=False,
            ssl_context=_trust(settings.s3_ca_bundle),
        )

    def read(self, bucket: str, key: str) -> Iterator[bytes]:
        # Imported here, in the loader's thread: the client takes a fifth of a second to import, and
        # the service should listen before that.
        from minio.error import InvalidResponseError, S3Error, ServerError

        where = f"s3://{bucket}/{key} at {self._endpoint}"
        client = self._client()
        try:
            with closing(client.get_object(bucket, key)) as response:
                yield from response.stream(CHUNK_BYTES)
        except S3Error as error:
            raise LoadError(_reason(error.code), _explain(error, where)) from error
        except (InvalidResponseError, ServerError) as error:
            raise LoadError(
                Reason.STORAGE_UNREACHABLE,
                f"the answer for {where} does not come from a working S3 service; "
                f"check that the endpoint is the store's S3 API",
            ) from error
        except urllib3.exceptions.HTTPError as error:
            raise LoadError(
                Reason.STORAGE_UNREACHABLE, f"cannot read {where}: {_cause(error)}"
            ) from error
        except ValueError as error:
            # The client's own check of bucket and object names.
            raise LoadError(Reason.ARTIFACT_MISSING, f"cannot ask for {where}: {error}") from error

    def _client(self) -> Minio:
        from minio import Minio

        url = urlsplit(self._endpoint)
        if url.path or url.query or url.username:
            raise LoadError(
                Reason.STORAGE_UNREACHABLE,
                "the endpoint of the object store must be only https://host or http://host:port",
            )
        return Minio(
            url.netloc,
            access_key=self._credential("AWS_ACCESS_KEY_ID"),
            secret_key=self._credential("AWS_SECRET_ACCESS_KEY"),
            secure=url.scheme == "https",
            region=self._region,
            http_client=self._http,
        )

    def _credential(self, name: str) -> str:
        path = self._credentials_dir / name
        try:
            value = path.read_text(encoding="utf-8").strip()
        except (OSError, UnicodeDecodeError) as error:
            raise LoadError(
                Reason.CREDENTIALS_REJECTED,
                f"cannot read {path}: the Secret needs the keys AWS_ACCESS_KEY_ID and "
                f"AWS_SECRET_ACCESS_KEY",
            ) from error
        if not value:
            raise LoadError(Reason.CREDENTIALS_REJECTED, f"{name} in the Secret is empty")
        return value


def _trust(ca_bundle: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_bundle.strip():
        try:
            context.load_verify_locations(cadata=ca_bundle)
        except (ssl.SSLError, ValueError) as error:
            raise LoadError(
                Reason.STORAGE_UNREACHABLE,
                f"the CA bundle of the object store holds no certificates in PEM form: {error}",
            ) from error
    return context


def _reason(code: str | None) -> Reason:
    if code in MISSING:
        return Reason.ARTIFACT_MISSING
    if code in REJECTED:
        return Reason.CREDENTIALS_REJECTED
    return Reason.STORAGE_UNREACHABLE


def _explain(error: S3Error, where: str) -> str:
    text = f"{where}: {error.code}: {error.message}"
    if error.code == "AccessDenied":
        # S3 hides from a key that may not list whether the object is there.
        return f"{text}; the key may not read it, or it does not exist"
    return text


def _cause(error: Exception) -> str:
    """The innermost cause in words: urllib3 wraps the one line that helps several times."""
    while True:
        inner = getattr(error, "reason", None) or error.__cause__
        if not isinstance(inner, Exception) or inner is error:
            return f"{type(error).__name__}: {error}"
        error = inner
