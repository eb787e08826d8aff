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

from dandelion_operator.api.location import is_table, split_uri
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.spec.dataset import Urls
from dandelion_operator.ports.s3.documents.listed import ListedObjects, digest
from dandelion_operator.seen.training import DatasetSeen, NewObjects

MAX_LISTED = 200_000
TIME = "%Y-%m-%dT%H:%M:%SZ"


@dataclass(frozen=True)
class Known:
    """What the dataset version `since` was made from; `now`: the moment, by the endpoint's clock.

    `enough`: how many new objects are waited for.
    """

    since: str
    objects: ListedObjects
    enough: int
    now: datetime


class Listing:
    """What was seen of a dataset's objects, in the order in which storage lists them."""

    def __init__(
        self,
        uri: str,
        known: Known | None = None,
        uncounted: str = "",
        urls: Urls | None = None,
    ) -> None:
        self.uri = uri
        self.urls = urls
        self._known = known
        self._uncounted = uncounted
        self._digest = hashlib.sha256()
        self._new: list[datetime] = []
        self.count = 0
        self.asked = uri  # for what, last

    def fill(self, client: Minio) -> None:
        """With what the endpoint lists. Raises what the client raises."""
        if self.urls is not None and self.urls.storage_uri is not None:
            self.asked = self.urls.storage_uri
            self.add(client.stat_object(*split_uri(self.asked)))
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

    def _compare(self, item: Object, folder: str) -> None:
        known = self._known
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
        known, came = self._known, sorted(self._new)
        if known is None:
            return None
        enough = came[known.enough - 1 : known.enough]
        return NewObjects(
            known.since,
            len(came),
            enough=_text(*enough),
            newest=_text(*came[-1:]),
            listed=_text(known.now),
        )

    def cut_short(self, why: str) -> DatasetSeen:
        """Without a fingerprint: where it was cut is chance, and must not look like a change."""
        return DatasetSeen(
            "",
            self.count,
            f"its listing was cut after {self.count:,} objects ({why}), so changes in it go unseen",
        )


def _text(when: datetime | None = None) -> str:
    return when.astimezone(UTC).strftime(TIME) if when is not None else ""


def moment(headers: Mapping[str, str]) -> datetime:
    """By the endpoint's clock, which is also that of its objects; else by this machine's."""
    try:
        return parsedate_to_datetime(headers["Date"]).astimezone(UTC)
    except (KeyError, ValueError):
        return datetime.now(UTC)
