"""What a listing of a dataset comes to: how many objects, and a fingerprint of them.

Made by `storage`. A listing that is cut says so.
"""

from __future__ import annotations

import hashlib

from minio import Minio
from minio.datatypes import Object

from dandelion_operator.api.location import is_table, split_uri
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.spec import Urls
from dandelion_operator.seen.training import DatasetSeen

MAX_LISTED = 200_000


class Listing:
    """What was seen of a dataset's objects, in the order in which storage lists them."""

    def __init__(self, uri: str, urls: Urls | None = None) -> None:
        self.uri = uri
        self.urls = urls
        self._has_addresses = False  # or none are asked for
        self._digest = hashlib.sha256()
        self.count = 0

    def fill(self, client: Minio) -> None:
        """With what the endpoint lists. Raises what the client raises."""
        if self.urls is not None and self.urls.storage_uri is not None:
            self.add(client.stat_object(*split_uri(self.urls.storage_uri)))
        self._has_addresses = True
        bucket, prefix = split_uri(self.uri)
        if is_table(self.uri):
            # The images are those that it lists, most often beside it.
            self.add(client.stat_object(bucket, prefix))
            prefix = prefix.rpartition("/")[0]
        objects = client.list_objects(
            bucket, prefix=f"{prefix}/" if prefix else None, recursive=True
        )
        for item in objects:
            if not (item.object_name or "").endswith("/"):
                self.add(item)
                self.count += 1
            if self.is_enough:
                break

    def add(self, item: Object) -> None:
        self._digest.update(f"{item.object_name}\0{item.size}\0{item.etag}\n".encode())

    @property
    def is_enough(self) -> bool:
        return self.count >= MAX_LISTED

    def without_table(self) -> Failure:
        """Of the table that was looked for last."""
        if not self._has_addresses and self.urls is not None:
            words = (
                f"there is no table of addresses {self.urls.storage_uri}; upload it, or correct "
                "spec.dataset.urls.storageUri"
            )
        else:
            words = (
                f"there is no table of labels {self.uri}; upload it, or write the folder that "
                "holds one folder of images per class"
            )
        return Failure(Reason.DATASET_EMPTY, words)

    def seen(self) -> DatasetSeen | Failure:
        if self.count == 0 and self.urls is None:
            return Failure(
                Reason.DATASET_EMPTY,
                f"no object lies below {self.uri}; upload one folder of images per class there",
            )
        if self.is_enough:
            words = f"only its first {self.count:,} objects are looked at for changes"
            return DatasetSeen(self._digest.hexdigest()[:16], self.count, words)
        return DatasetSeen(self._digest.hexdigest()[:16], self.count)

    def cut_short(self, why: str) -> DatasetSeen:
        """Without a fingerprint: where it was cut is chance, and must not look like a change."""
        return DatasetSeen(
            "",
            self.count,
            f"its listing was cut after {self.count:,} objects ({why}), so changes in it go unseen",
        )
