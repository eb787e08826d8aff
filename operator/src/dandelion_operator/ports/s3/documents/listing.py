"""What a listing of a dataset comes to: how many objects, a fingerprint of them, and which are new.

Made by `storage`. A listing that is cut says so.
"""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

from minio import Minio
from minio.datatypes import Object

from dandelion_operator.api import moments
from dandelion_operator.api.location import is_table, split_uri
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.spec.dataset import Urls
from dandelion_operator.ports.s3.documents.listed import ListedObjects, digest
from dandelion_operator.seen.training import DatasetSeen, MountedTable, NewObjects

MAX_LISTED = 200_000
TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Known:
    """What the dataset version `since` was made from; `now`: the moment, by the endpoint's clock.

    `enough`: how many new objects are waited for; `etag` is that of the document.
    """

    since: str
    objects: ListedObjects
    enough: int
    now: datetime
    etag: str


@dataclass(frozen=True)
class Table:
    """A table of addresses as it lies there: `etag` tells its content from another. None is its
    content where it lies in storage, and is read from there.
    """

    place: str
    etag: str
    changed: datetime
    content: bytes | None = None


class Listing:
    """What was seen of a dataset's objects, in the order in which storage lists them."""

    def __init__(
        self,
        uri: str,
        known: Known | None = None,
        uncounted: str = "",
        urls: Urls | None = None,
        mounted: MountedTable | None = None,
    ) -> None:
        """`mounted` is the table of `urls` where it lies in a ConfigMap."""
        self.uri = uri
        self.urls = urls
        self.known = known
        self.table: Table | None = None
        self._mounted = mounted
        self._uncounted = uncounted
        self._digest = hashlib.sha256()
        self._new: list[datetime] = []
        self._new_addresses = 0
        self.count = 0
        self.asked = uri  # for what, last

    def fill(self, client: Minio) -> None:
        """With what the endpoint lists. Raises what the client raises."""
        if self.urls is not None and self.urls.storage_uri is not None:
            self.asked = self.urls.storage_uri
            found = client.stat_object(*split_uri(self.asked))
            self.add(found)
            changed = found.last_modified or datetime.now(UTC)
            self.table = Table(self.asked, found.etag or "", changed)
        if self._mounted is not None:
            self._take(self._mounted)
        self.asked = self.uri
        bucket, prefix = split_uri(self.uri)
        if is_table(self.uri):
            # The images are those that it lists, most often beside it.
            self.add(client.stat_object(bucket, prefix))
            prefix = prefix.rpartition("/")[0]
        folder = f"{prefix}/" if prefix else ""
        for item in client.list_objects(bucket, prefix=folder or None, recursive=True):
            if not (item.object_name or "").endswith("/"):
                self.add(item)
                self._compare(item, folder)
                self.count += 1
            if self.is_enough:
                break

    def add(self, item: Object) -> None:
        self._digest.update(f"{item.object_name}\0{item.size}\0{item.etag}\n".encode())

    def _take(self, mounted: MountedTable) -> None:
        etag = digest_of(mounted)
        self._digest.update(f"configmap\0{etag}\n".encode())
        if mounted.unread:
            self.without_lines(mounted.unread)
            return
        changed = moments.moment(mounted.changed) or datetime.now(UTC)
        self.table = Table("configmap", etag, changed, mounted.content)

    def with_lines(self, new: int, changed: datetime) -> None:
        """So many lines of the table, which was changed last then, are new."""
        self._new += [changed] * new
        self._new_addresses = new

    def without_lines(self, why: str) -> None:
        """The table is not compared, where it was to be."""
        if self.known is not None:
            self._uncounted = why

    def _compare(self, item: Object, folder: str) -> None:
        known = self.known
        if known is None:
            return
        key = (item.object_name or "").removeprefix(folder)
        if digest(key, item.size or 0, item.etag or "") not in known.objects:
            self._new.append(item.last_modified or known.now)

    @property
    def is_enough(self) -> bool:
        return self.count >= MAX_LISTED

    def without_table(self) -> Failure:
        """Of the one that was asked for last."""
        words = (
            f"there is no table of labels {self.asked}; upload it, or write the folder that holds "
            "one folder of images per class"
        )
        if self.asked != self.uri:
            words = (
                f"there is no table of addresses {self.asked}; upload it, or correct "
                "spec.dataset.urls.storageUri"
            )
        return Failure(Reason.DATASET_EMPTY, words)

    def seen(self) -> DatasetSeen | Failure:
        if self.count == 0 and self.urls is None:
            return Failure(
                Reason.DATASET_EMPTY,
                f"no object lies below {self.uri}; upload one folder of images per class there",
            )
        words = f"only its first {self.count:,} objects are looked at for changes"
        return DatasetSeen(
            self._digest.hexdigest()[:16],
            self.count,
            words if self.is_enough else "",
            self._new_objects(),
            self._uncounted,
        )

    def _new_objects(self) -> NewObjects | None:
        known, came = self.known, sorted(self._new)
        if known is None:
            return None
        enough = came[known.enough - 1 : known.enough]
        return NewObjects(
            known.since,
            len(came),
            enough=_text(*enough),
            newest=_text(*came[-1:]),
            listed=_text(known.now),
            addresses=self._new_addresses,
        )

    def cut_short(self, why: str) -> DatasetSeen:
        """Without a fingerprint: where it was cut is chance, and must not look like a change."""
        return DatasetSeen(
            "",
            self.count,
            f"its listing was cut after {self.count:,} objects ({why}), so changes in it go unseen",
        )


def digest_of(mounted: MountedTable) -> str:
    return hashlib.sha256(mounted.content).hexdigest()


def _text(when: datetime | None = None) -> str:
    return when.astimezone(UTC).strftime(TIME) if when is not None else ""


def moment(headers: Mapping[str, str]) -> datetime:
    """By the endpoint's clock, which is also that of its objects; else by this machine's."""
    try:
        return parsedate_to_datetime(headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return datetime.now(UTC)
