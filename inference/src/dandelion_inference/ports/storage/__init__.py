"""The way to objects at any S3 endpoint; says in the service's own words why there is none.

`model/store.py` reads through it, the journal writes. Credentials are read from their files at
every attempt, so that a renewed, rotated or corrected Secret takes effect without a restart; where
none are mounted, the pod's ServiceAccount is asked for a key.
"""

from __future__ import annotations

import io
import os
import ssl
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

import urllib3

from dandelion_inference.ports.credentials import (
    ACCESS_KEY,
    REQUIRED,
    SECRET_KEY,
    SESSION_TOKEN,
    mounted,
)
from dandelion_inference.ports.settings import Settings
from dandelion_inference.ports.storage.closed import ClosedError, Network, pool_classes

if TYPE_CHECKING:
    from minio import Minio
    from minio.error import S3Error

    from dandelion_inference.ports.account import Account

MISSING = frozenset({"NoSuchKey", "NoSuchBucket", "NoSuchVersion", "ResourceNotFound"})
REJECTED = frozenset(
    {
        "AccessDenied",
        "AuthorizationHeaderMalformed",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidToken",
        "InvalidTokenId",  # what MinIO calls it
        "SignatureDoesNotMatch",
    }
)
# Of the statuses that blame the request, those that another attempt may well not get.
PASSING = frozenset({403, 404, 408, 409, 425, 429})


class Fault(StrEnum):
    """Whose turn it is when the object store does not do as it is asked."""

    UNREACHABLE = "StorageUnreachable"
    REJECTED = "CredentialsRejected"
    MISSING = "NotFound"
    REFUSED = "Refused"
    """The request itself: another attempt gets the same answer."""


class StorageError(Exception):
    """An object could not be read or written, and why."""

    def __init__(self, fault: Fault, detail: str) -> None:
        super().__init__(detail)
        self.fault = fault
        self.detail = detail


class S3Writer:
    """What the journal writes to, with a key that may do nothing else."""

    def __init__(self, settings: Settings, timeout: urllib3.Timeout) -> None:
        self._access = Access(settings, settings.log_credentials_dir, timeout)

    def write(self, bucket: str, key: str, data: bytes, content_type: str) -> None:
        """Writes the whole object; raises StorageError."""
        with self._access.explained(f"s3://{bucket}/{key}", "write"):
            self._access.client().put_object(
                bucket, key, io.BytesIO(data), len(data), content_type=content_type
            )


class Access:
    """An endpoint with the credentials of one purpose."""

    def __init__(self, settings: Settings, credentials_dir: Path, timeout: urllib3.Timeout) -> None:
        self._endpoint = str(settings.s3_endpoint).rstrip("/")
        self._region = settings.s3_region
        self._credentials_dir = credentials_dir
        self._account: Account | None = None
        trust = _trust(settings.s3_ca_bundle)
        self._http = _pool(timeout, trust, settings.s3_closed_networks)
        # Whom an account asks for its key is the cloud's to say, and may be link-local.
        self._keys = _pool(timeout, trust)

    @contextmanager
    def explained(self, what: str, verb: str) -> Iterator[None]:
        """Turns whatever the client raises into a StorageError about that object."""
        # Imported here, in a thread of the caller's: the client takes a fifth of a second to
        # import, and the service should listen before that.
        from minio.error import InvalidResponseError, S3Error, ServerError

        where = f"{what} at {self._endpoint}"
        try:
            yield
        except S3Error as error:
            raise StorageError(_fault(error), _explain(error, where, verb)) from error
        except (InvalidResponseError, ServerError) as error:
            raise StorageError(
                Fault.UNREACHABLE,
                f"the answer for {where} does not come from a working S3 service; "
                f"check that the endpoint is the store's S3 API",
            ) from error
        except ClosedError as error:
            raise StorageError(Fault.UNREACHABLE, f"cannot {verb} {where}: {error}") from error
        except urllib3.exceptions.HTTPError as error:
            raise StorageError(
                Fault.UNREACHABLE, f"cannot {verb} {where}: {_cause(error)}"
            ) from error
        except ValueError as error:
            # The client's own check of bucket and object names.
            raise StorageError(Fault.MISSING, f"cannot ask for {where}: {error}") from error

    def client(self) -> Minio:
        from minio import Minio

        url = urlsplit(self._endpoint)
        if url.path or url.query or url.username:
            raise StorageError(
                Fault.UNREACHABLE,
                "the endpoint of the object store must be only https://host or http://host:port",
            )
        found = self._key()
        for name in REQUIRED:
            if not found.get(name):
                raise StorageError(
                    Fault.REJECTED,
                    f"{self._credentials_dir / name} is empty or cannot be read: the Secret needs "
                    f"the keys {' and '.join(REQUIRED)}",
                )
        return Minio(
            url.netloc,
            access_key=found[ACCESS_KEY],
            secret_key=found[SECRET_KEY],
            session_token=found.get(SESSION_TOKEN) or None,
            secure=url.scheme == "https",
            region=self._region,
            http_client=self._http,
        )

    def _key(self) -> Mapping[str, str]:
        """What is mounted, or where nothing is, what is lent to the pod's account."""
        found = mounted(self._credentials_dir)
        if found.keys() & set(REQUIRED):
            return found
        # Imported where it is needed: pods with a key need not know of it.
        from dandelion_inference.ports import account

        if self._account is None and account.is_meant(os.environ):
            self._account = account.Account(self._keys, self._region)
        if self._account is None:
            return found
        try:
            return self._account.key()
        except account.AccountError as error:
            fault = Fault.UNREACHABLE if error.passing else Fault.REJECTED
            raise StorageError(fault, str(error)) from error


def _pool(
    timeout: urllib3.Timeout, trust: ssl.SSLContext, closed: Sequence[Network] = ()
) -> urllib3.PoolManager:
    """`closed`: the networks that it does not connect to."""
    made = urllib3.PoolManager(timeout=timeout, retries=False, ssl_context=trust)
    if closed:
        made.pool_classes_by_scheme = pool_classes(closed)
    return made


def _trust(ca_bundle: str) -> ssl.SSLContext:
    context = ssl.create_default_context()
    if ca_bundle.strip():
        try:
            context.load_verify_locations(cadata=ca_bundle)
        except (ssl.SSLError, ValueError) as error:
            raise StorageError(
                Fault.UNREACHABLE,
                f"the CA bundle of the object store holds no certificates in PEM form: {error}",
            ) from error
    return context


def _fault(error: S3Error) -> Fault:
    if error.code in MISSING:
        return Fault.MISSING
    if error.code in REJECTED:
        return Fault.REJECTED
    status = error.response.status
    return Fault.REFUSED if 400 <= status < 500 and status not in PASSING else Fault.UNREACHABLE


def _explain(error: S3Error, where: str, verb: str) -> str:
    text = f"{where}: {error.code}: {error.message}"
    if error.code == "AccessDenied":
        if verb == "write":
            return f"{text}; the key may not write it: it needs s3:PutObject there"
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
