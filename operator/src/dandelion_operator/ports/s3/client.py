"""One minio client for an endpoint, and what its errors mean for the person who reads a condition.

Used by `storage` for the operator's reads and by `setup.storage` for the chart's set-up Job.
"""

from __future__ import annotations

import re
import ssl
from urllib.parse import urlsplit
from xml.etree.ElementTree import ParseError

import urllib3
from minio import Minio
from minio.error import InvalidResponseError, MinioException, S3Error, ServerError

from dandelion_operator.api.location import Location
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.ports.s3.credentials import Credentials

ERRORS = (MinioException, urllib3.exceptions.HTTPError, OSError, ValueError, ParseError)

REJECTED = frozenset(
    {
        "AccessDenied",
        "AccountProblem",
        "AllAccessDisabled",
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidToken",
        "SignatureDoesNotMatch",
    }
)
MISSING_KEY = frozenset({"NoSuchKey", "NoSuchObject", "NoSuchVersion", "NotFound"})
BUCKET_NAME = re.compile(r"(?!.*(\.\.|\.-|-\.))[a-z0-9][a-z0-9.-]{1,61}[a-z0-9]")
CONNECT_SECONDS, READ_SECONDS = 3.0, 10.0


def pool(ca_bundle: str) -> urllib3.PoolManager:
    """Gives up soon: the loop comes back by itself, and says meanwhile what is wrong."""
    context = ssl.create_default_context()
    if ca_bundle:
        context.load_verify_locations(cadata=ca_bundle)
    return urllib3.PoolManager(
        num_pools=2,
        maxsize=4,
        timeout=urllib3.Timeout(connect=CONNECT_SECONDS, read=READ_SECONDS),
        retries=urllib3.Retry(total=1, backoff_factor=0.2, redirect=0),
        ssl_context=context,
    )


def client(location: Location, credentials: Credentials) -> Minio:
    parts = urlsplit(location.endpoint)
    return Minio(
        endpoint=parts.netloc,
        access_key=credentials.access_key,
        secret_key=credentials.secret_key,
        secure=parts.scheme == "https",
        region=location.region,
        http_client=pool(location.ca_bundle),
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
            return Failure(
                Reason.CREDENTIALS_REJECTED,
                f"{where} refuses the keys in the Secret {location.training_secret} for the "
                f"bucket {bucket}: {error.code}",
            )
        return Failure(Reason.STORAGE_UNREACHABLE, f"{where} answers {error.code}: {error.message}")
    if isinstance(error, ValueError) and not BUCKET_NAME.fullmatch(bucket):
        return Failure(Reason.BUCKET_NOT_FOUND, f"no bucket can be called {bucket!r}: {error}")
    if isinstance(error, ServerError | InvalidResponseError | ValueError | ParseError):
        return Failure(
            Reason.STORAGE_UNREACHABLE, f"{where} does not answer as an S3 endpoint does: {error}"
        )
    return Failure(Reason.STORAGE_UNREACHABLE, f"{where} cannot be reached: {_cause(error)}")


def _cause(error: BaseException) -> str:
    """urllib3 wraps the cause in its own bookkeeping; people need the cause."""
    cause: object = error
    while isinstance(inner := getattr(cause, "reason", None), BaseException):
        cause = inner
    words = str(cause)
    if "CERTIFICATE_VERIFY_FAILED" in words:
        return "its certificate is not trusted; put its authority into spec.storage.caBundle"
    return words.rsplit(">: ", 1)[-1]
