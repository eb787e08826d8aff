"""Where things lie in buckets, and what a run needs of an object store.

Everything takes an `ObjectStore`; `s3` is the one of a run.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol, Self

from dandelion_training.ports.storage.uri import parse_uri


@dataclass(frozen=True)
class Location:
    """A place in a bucket: one object, or everything below a prefix."""

    bucket: str
    key: str

    @classmethod
    def parse(cls, uri: str) -> Self:
        """`s3://bucket/a/b`; raises ValueError with a sentence that names the fault."""
        return cls(*parse_uri(uri))

    def child(self, name: str) -> "Location":
        return Location(self.bucket, f"{self.key}/{name}" if self.key else name)

    def __str__(self) -> str:
        return f"s3://{self.bucket}/{self.key}" if self.key else f"s3://{self.bucket}"


@dataclass(frozen=True, slots=True)
class StoredObject:
    """One object of a listing; `name` is its key below the listed prefix."""

    name: str
    size: int  # bytes
    etag: str


@dataclass(frozen=True, slots=True)
class Fetched:
    """An object's bytes, and its version where the bucket keeps versions."""

    content: bytes
    version_id: str = ""


class ObjectFault(Exception):  # noqa: N818 - a finding about an object, listed in the report
    """Why one object cannot be read at the moment, in words."""


class ObjectStore(Protocol):
    """What a run needs of an object store."""

    def list(self, prefix: Location, beginning: str = "") -> Iterator[StoredObject]:
        """What lies below `prefix`, of names that begin so."""

    def read(self, location: Location) -> bytes | None:
        """The object's bytes, or None where there is no such object."""

    def fetch(self, location: Location, *, etag: str = "", version_id: str = "") -> Fetched:
        """Exactly the object that is meant; raises ObjectFault where it cannot be had."""

    def write(self, location: Location, content: bytes | Path, content_type: str) -> None: ...

    def delete(self, location: Location) -> None: ...


def batches(
    objects: Iterable[StoredObject], at_once: int, size: int
) -> Iterator[list[StoredObject]]:
    """Those that are read beside each other: so many, and of so many bytes unless it is one."""
    batch: list[StoredObject] = []
    for item in objects:
        together = sum(each.size for each in (*batch, item))
        if batch and (len(batch) == at_once or together > size):
            yield batch
            batch = []
        batch.append(item)
    if batch:
        yield batch
