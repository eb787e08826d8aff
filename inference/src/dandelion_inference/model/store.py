"""Reads the files of an artifact from S3, and says why the model cannot be loaded where it cannot.

Made by `startup.py`; `artifact.py` reads through the `ObjectStore` protocol.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import closing, contextmanager
from typing import Protocol

import urllib3

from dandelion_inference.errors import LoadError, Reason
from dandelion_inference.ports.settings import Settings
from dandelion_inference.ports.storage import Access, Fault, StorageError

CHUNK_BYTES = 1024 * 1024
TIMEOUT = urllib3.Timeout(connect=5, read=20)

REASONS = {
    Fault.UNREACHABLE: Reason.STORAGE_UNREACHABLE,
    Fault.REJECTED: Reason.CREDENTIALS_REJECTED,
    Fault.MISSING: Reason.ARTIFACT_MISSING,
    Fault.REFUSED: Reason.STORAGE_UNREACHABLE,
}


class ObjectStore(Protocol):
    def read(self, bucket: str, key: str) -> Iterator[bytes]:
        """The object's bytes in pieces; raises LoadError."""
        ...


class S3Store:
    """What `artifact.py` reads from."""

    def __init__(self, settings: Settings) -> None:
        with _while_loading():
            self._access = Access(settings, settings.s3_credentials_dir, TIMEOUT)

    def read(self, bucket: str, key: str) -> Iterator[bytes]:
        with (
            _while_loading(),
            self._access.explained(f"s3://{bucket}/{key}", "read"),
            closing(self._access.client().get_object(bucket, key)) as response,
        ):
            yield from response.stream(CHUNK_BYTES)


@contextmanager
def _while_loading() -> Iterator[None]:
    try:
        yield
    except StorageError as error:
        raise LoadError(REASONS[error.fault], error.detail) from error
