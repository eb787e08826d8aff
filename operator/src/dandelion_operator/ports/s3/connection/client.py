"""One minio client for an endpoint, and what its errors mean for the person who reads a condition.

Used by `reader` for the operator's reads and by `setup.storage` for the chart's set-up Job.
"""

from __future__ import annotations

import re
from urllib.parse import urlsplit
from xml.etree.ElementTree import ParseError

import urllib3
from minio import Minio
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError

from dandelion_operator.api.access.endpoints import Endpoints
from dandelion_operator.api.location import Location
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.words import foreign, is_word
from dandelion_operator.ports.breaker import OpenError
from dandelion_operator.ports.s3.connection.budget import (
    BusyError,
    LargeError,
    LateError,
    ManyError,
    SpentError,
)
from dandelion_operator.ports.s3.connection.transport import Transport
from dandelion_operator.ports.s3.credentials import Credentials

ERRORS = (
    MinioException,
    urllib3.exceptions.HTTPError,
    OSError,
    ValueError,
    ParseError,
    SpentError,
    OpenError,
)

REJECTED = frozenset(
    {
        "AccessDenied",
        "AccountProblem",
        "AllAccessDisabled",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidToken",
        "InvalidTokenId",  # what MinIO calls it
        "SignatureDoesNotMatch",
    }
)
MISSING_KEY = frozenset({"NoSuchKey", "NoSuchObject", "NoSuchVersion", "NotFound"})
# Before its words urllib3 puts the connection, which the sentence has named already.
CONNECTION = re.compile(r"^\w+\(host=[^)]*\): ")
BUCKET_NAME = re.compile(r"(?!.*(\.\.|\.-|-\.))[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")


def pool(ca_bundle: str, endpoints: Endpoints | None = None) -> urllib3.PoolManager:
    return Transport(ca_bundle, endpoints)


def client(location: Location, credentials: Credentials) -> Minio:
    parts = urlsplit(location.endpoint)
    return Minio(
        endpoint=parts.netloc,
        access_key=credentials.access_key,
        secret_key=credentials.secret_key,
        session_token=credentials.session_token or None,
        secure=parts.scheme == "https",
        region=location.region,
        http_client=pool(location.ca_bundle, location.endpoints),
    )


def is_missing_key(error: BaseException) -> bool:
    return isinstance(error, S3Error) and error.code in MISSING_KEY


def as_failure(error: BaseException, location: Location, bucket: str) -> Failure:
    where = location.endpoint
    if isinstance(error, S3Error):
        if error.code == "NoSuchBucket":
            return Failure(
                Reason.BUCKET_NOT_FOUND, f"there is no bucket {bucket} at {where}; create it"
            )
        if error.code in REJECTED:
            whose = (
                "what is lent to the operator's ServiceAccount"
                if location.training_goes_by_account
                else f"the keys in the Secret {location.training_secret}"
            )
            return Failure(
                Reason.CREDENTIALS_REJECTED,
                f"{where} refuses {whose} for the bucket {bucket}: {error.code}",
            )
        return Failure(Reason.STORAGE_UNREACHABLE, f"{where} answers {_said(error)}")
    if isinstance(error, ValueError) and not BUCKET_NAME.fullmatch(bucket):
        return Failure(Reason.BUCKET_NOT_FOUND, f"no bucket can be called {bucket!r}")
    if isinstance(error, ServerError):
        return Failure(Reason.STORAGE_UNREACHABLE, f"{where} answers HTTP {error.status_code}")
    if isinstance(error, InvalidResponseError | ValueError | ParseError | LargeError):
        return Failure(
            Reason.STORAGE_UNREACHABLE,
            f"{where} does not answer as an S3 endpoint does: {_instead(error)}",
        )
    if isinstance(error, BusyError | ManyError):
        return Failure(Reason.STORAGE_UNREACHABLE, f"{where} cannot be read: {error}")
    return Failure(Reason.STORAGE_UNREACHABLE, f"{where} cannot be reached: {cause(error)}")


def is_silence(error: BaseException) -> bool:
    """Whether nothing came back at all, or not enough of it in time."""
    return isinstance(error, LateError | urllib3.exceptions.HTTPError | OSError)


def _said(error: S3Error) -> str:
    """The code of an error is of a known form; its message is anything."""
    code = error.code if error.code and is_word(error.code) else "an error without a code"
    words = foreign(error.message or "")
    return f"{code}: {words}" if words and words != code else code


def _instead(error: BaseException) -> str:
    """What it answered with, and never the answer itself."""
    if isinstance(error, InvalidResponseError):
        found = re.search(r"Response code: (\d+), Content-Type: ([\w.+-]+/[\w.+-]+)?", str(error))
        code, kind = found.groups() if found else ("", None)
        return f"HTTP {code} with {foreign(kind or 'a body of no type', limit=60)}"
    if isinstance(error, LargeError):
        return str(error)
    return "what it sends is no XML of S3"


def cause(error: BaseException) -> str:
    """urllib3 wraps the cause in its own bookkeeping; people need the cause."""
    found: object = error
    while isinstance(inner := getattr(found, "reason", None), BaseException):
        found = inner
    # A connection that is refused counts as one that is late, in urllib3's classes.
    if isinstance(found, urllib3.exceptions.TimeoutError) and not isinstance(
        found, urllib3.exceptions.NewConnectionError
    ):
        return "no answer in time"
    words = str(found)
    if "CERTIFICATE_VERIFY_FAILED" in words:
        return "its certificate is not trusted; put its authority into spec.storage.caBundle"
    return foreign(CONNECTION.sub("", words))
