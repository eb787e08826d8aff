"""An object store on any S3 endpoint, and what each of its errors means to a user.

Only what begins a process makes an `S3Store`.
"""

import io
import ssl
from collections.abc import Callable, Iterator, Sequence
from pathlib import Path
from typing import TypeVar
from urllib.parse import urlsplit

import minio
import stamina
import urllib3
from minio.credentials.providers import Provider
from minio.error import MinioException, S3Error

from dandelion_training.ports.failures import Reason, TrainingFailure, is_disk_full
from dandelion_training.ports.storage import Fetched, Location, ObjectFault, StoredObject
from dandelion_training.ports.storage.closed import ClosedError, pool_classes
from dandelion_training.ports.storage.credentials import PodCredentials, is_followed
from dandelion_training.ports.web.networks import Network

T = TypeVar("T")

# Parts this large keep a checkpoint of a few hundred megabytes to a handful of requests.
PART_BYTES = 64 * 1024 * 1024
# What is said of a key that was for a while.
ENDED_CODES = frozenset(
    {
        "ExpiredToken",
        "InvalidAccessKeyId",
        "InvalidToken",
        "InvalidTokenId",  # what MinIO calls it
    }
)
CREDENTIAL_CODES = ENDED_CODES | {"AccessDenied", "AllAccessDisabled", "SignatureDoesNotMatch"}

# What these answers say is true of one object: the others may be read all the same.
OBJECT_FAULTS = {
    "AccessDenied": "the training key may not read it (AccessDenied)",
    "InvalidObjectState": "it is archived; restore it first",
    "NoSuchKey": "it was removed while the dataset was being read",
    "NoSuchObject": "it was removed while the dataset was being read",
    "NoSuchVersion": "this version of it is no longer there",
    "MethodNotAllowed": "it was removed while the dataset was being read",
    "PreconditionFailed": "it was changed while the dataset was being read",
    "KMS.DisabledException": "its encryption key is disabled",
    "KMS.NotFoundException": "its encryption key is gone",
    "KMSAccessDeniedException": "its encryption key may not be used",
}


class S3Store:
    """An `ObjectStore` on any S3 endpoint."""

    def __init__(
        self,
        client: minio.Minio,
        keys: Provider,
        endpoint: str,
        attempts: int,
        renewal_seconds: float = 0,
    ) -> None:
        """`keys`: those that the client signs with; one that follows is waited for so long."""
        self._client = client
        self._keys = keys
        self._endpoint = endpoint
        self._attempts = attempts
        self._renewal_seconds = renewal_seconds

    def list(self, prefix: Location, beginning: str = "") -> Iterator[StoredObject]:
        root = f"{prefix.key}/" if prefix.key else ""

        def pages() -> list[StoredObject]:
            found = self._client.list_objects(
                prefix.bucket, prefix=f"{root}{beginning}", recursive=True
            )
            return [
                StoredObject(key[len(root) :], item.size or 0, item.etag or "")
                for item in found
                if (key := item.object_name) and not key.endswith("/")
            ]

        yield from self._patiently(pages, prefix)

    def read(self, location: Location) -> bytes | None:
        def get() -> bytes | None:
            try:
                response = self._client.get_object(location.bucket, location.key)
            except S3Error as error:
                if error.code in ("NoSuchKey", "NoSuchObject"):
                    return None
                if error.code == "AccessDenied" and self._is_absent(location):
                    return None
                raise
            try:
                return bytes(response.read())
            finally:
                response.close()
                response.release_conn()

        return self._patiently(get, location)

    def _is_absent(self, location: Location) -> bool:
        """Whether a listing says that there is no such object.

        AWS hides from a key that may list a part of the bucket alone whether an object is missing
        or not its to read.
        """
        found = self._client.list_objects(location.bucket, prefix=location.key, recursive=True)
        first = next(iter(found), None)  # names are sorted, and none that begins so is shorter
        return first is None or first.object_name != location.key

    def fetch(self, location: Location, *, etag: str = "", version_id: str = "") -> Fetched:
        def get() -> Fetched | ObjectFault:
            try:
                response = self._client.get_object(
                    location.bucket,
                    location.key,
                    request_headers={"If-Match": f'"{etag}"'} if etag else None,
                    version_id=version_id or None,
                )
            except S3Error as error:
                fault = OBJECT_FAULTS.get(error.code or "")
                if fault is None:
                    raise
                return ObjectFault(fault)
            try:
                found = response.headers.get("x-amz-version-id", "")
                return Fetched(bytes(response.read()), "" if found == "null" else found)
            finally:
                response.close()
                response.release_conn()

        found = self._patiently(get, location)
        if isinstance(found, ObjectFault):
            raise found
        return found

    def write(self, location: Location, content: bytes | Path, content_type: str) -> None:
        def put() -> None:
            if isinstance(content, Path):
                self._client.fput_object(
                    location.bucket,
                    location.key,
                    str(content),
                    content_type=content_type,
                    part_size=PART_BYTES,
                )
            else:
                self._client.put_object(
                    location.bucket,
                    location.key,
                    io.BytesIO(content),
                    len(content),
                    content_type=content_type,
                    part_size=PART_BYTES,
                )

        self._patiently(put, location)

    def delete(self, location: Location) -> None:
        self._patiently(lambda: self._client.remove_object(location.bucket, location.key), location)

    def _patiently(self, call: Callable[[], T], location: Location) -> T:
        """The call's result; what may pass is tried again, what cannot is raised at once."""
        for attempt in stamina.retry_context(
            on=_may_pass, attempts=self._attempts, timeout=120, wait_initial=0.5, wait_max=15
        ):
            with attempt:
                return self._explained(call, location)
        raise AssertionError("a retry ends with a result or an exception")

    def _explained(self, call: Callable[[], T], location: Location) -> T:
        try:
            return self._with_a_key_that_holds(call)
        except S3Error as error:
            raise self._s3_failure(error, location) from error
        except ClosedError as error:
            raise TrainingFailure(
                Reason.STORAGE_UNREACHABLE,
                f"{self._endpoint} cannot be asked for {location}: {error}.",
            ) from error
        except (MinioException, urllib3.exceptions.HTTPError, OSError) as error:
            if is_disk_full(error):
                raise
            raise TrainingFailure(
                Reason.STORAGE_UNREACHABLE,
                f"{self._endpoint} did not answer for {location}: {_short(error)}."
                " Check storage.endpoint and that its pods are up.",
            ) from error

    def _with_a_key_that_holds(self, call: Callable[[], T]) -> T:
        key = self._keys.retrieve()
        try:
            return call()
        except S3Error as error:
            if error.code not in ENDED_CODES:
                raise
            if not is_followed(key, self._keys, self._renewal_seconds):
                raise
        return call()

    def _s3_failure(self, error: S3Error, location: Location) -> TrainingFailure:
        if error.code == "NoSuchBucket":
            return TrainingFailure(
                Reason.BUCKET_NOT_FOUND,
                f"There is no bucket {location.bucket!r} at {self._endpoint}."
                f" Create it, or correct the URI {location}.",
            )
        if error.code in CREDENTIAL_CODES:
            return TrainingFailure(
                Reason.CREDENTIALS_REJECTED,
                f"{self._endpoint} refused the training key for {location} ({error.code})."
                " It needs to list and read the dataset's bucket and to write the models' bucket.",
            )
        return TrainingFailure(
            Reason.STORAGE_UNREACHABLE,
            f"{self._endpoint} answered {error.code} for {location}: {error.message}",
        )


def connect(
    endpoint: str,
    region: str,
    credentials_dir: Path,
    ca_bundle: str,
    *,
    attempts: int,
    pool: int,
    closed: Sequence[Network] = (),
    renewal_seconds: float = 0,
) -> S3Store:
    """A store at the endpoint, which may not be in the networks that are closed.

    With `attempts=1` nothing is tried twice, but for what a key was refused that had ended: where
    another one is there, or comes within `renewal_seconds`, that one is tried.
    """
    parts = urlsplit(endpoint)
    if parts.scheme not in ("http", "https") or not parts.netloc or parts.path.strip("/"):
        raise TrainingFailure(
            Reason.CONFIGURATION_INVALID,
            f"storage.endpoint is {endpoint!r}; write http://host:port or https://host:port.",
        )
    context = ssl.create_default_context()
    if ca_bundle:
        try:
            context.load_verify_locations(cadata=ca_bundle)
        except ssl.SSLError as error:
            raise TrainingFailure(
                Reason.CONFIGURATION_INVALID, "storage.caBundle holds no certificate in PEM form."
            ) from error
    # Whom an account asks for its key is the cloud's to say, and may be link-local.
    keys = PodCredentials(credentials_dir, _connections(pool, context), region)
    client = minio.Minio(
        parts.netloc,
        secure=parts.scheme == "https",
        region=region,
        credentials=keys,
        http_client=_connections(pool, context, closed),
    )
    return S3Store(client, keys, endpoint, attempts, renewal_seconds)


def _connections(
    pool: int, trust: ssl.SSLContext, closed: Sequence[Network] = ()
) -> urllib3.PoolManager:
    made = urllib3.PoolManager(
        timeout=urllib3.Timeout(connect=5, read=60),
        retries=urllib3.Retry(total=0),
        maxsize=pool,
        ssl_context=trust,
    )
    if closed:
        made.pool_classes_by_scheme = pool_classes(closed)
    return made


def _may_pass(error: Exception) -> bool:
    return isinstance(error, TrainingFailure) and error.reason is Reason.STORAGE_UNREACHABLE


def _short(error: BaseException) -> str:
    return " ".join(str(error).split())[:300]
