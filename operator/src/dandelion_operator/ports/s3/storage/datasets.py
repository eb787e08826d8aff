"""What lies in a dataset's folder, and what of it is new; remembered for a while."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from minio.datatypes import Object

from dandelion_operator.api import naming
from dandelion_operator.api.location import split_uri
from dandelion_operator.api.reasons import Failure
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.api.spec.dataset import Urls
from dandelion_operator.ports.s3.connection.budget import MEBIBYTE, LargeError, LateError, ManyError
from dandelion_operator.ports.s3.connection.client import ERRORS, as_failure, is_missing_key
from dandelion_operator.ports.s3.connection.lanes import Kind
from dandelion_operator.ports.s3.connection.reader import Access, Reader
from dandelion_operator.ports.s3.documents.listed import ListedError, ListedObjects
from dandelion_operator.ports.s3.documents.listing import Known, Listing, Table, digest_of, moment
from dandelion_operator.ports.s3.memory import Memory
from dandelion_operator.ports.s3.storage.limits import ReadLimits
from dandelion_operator.seen.training import DatasetSeen, MountedTable

SHORTEST_MEMORY = 5.0
LONGEST_MEMORY = 120.0
# A listing is remembered for so many times as long as it took: large folders are listed rarely.
MEMORY_PER_SECOND = 50.0

REMEMBERED = 2_000
# What was listed for the newest versions of datasets that are watched: of 4 million objects.
REMEMBERED_BYTES = 32 * MEBIBYTE


@dataclass(frozen=True)
class Watch:
    """New objects are those that were not listed when a run made a resource's dataset version.

    `enough`: how many of them are waited for.
    """

    key: NamespacedName
    version: str
    enough: int


class Datasets:
    def __init__(self, reader: Reader, limits: ReadLimits, monotonic: Callable[[], float]) -> None:
        self._reader = reader
        self._limits = limits
        self._monotonic = monotonic
        self._listings = Memory[tuple[float, DatasetSeen | Failure]](REMEMBERED)
        self._listed_objects = Memory[ListedObjects](REMEMBERED_BYTES, _bytes)
        self._new_lines = Memory[int](REMEMBERED)

    async def dataset(
        self,
        access: Access,
        uri: str,
        watch: Watch | None = None,
        urls: Urls | None = None,
        mounted: MountedTable | None = None,
    ) -> DatasetSeen | Failure:
        """Lists all of it, for a fingerprint and, with `watch`, for what is new.

        What the addresses of `urls` name is not asked. `mounted` is their table where it lies in a
        ConfigMap.
        """
        watched = (str(watch.key), watch.version, str(watch.enough)) if watch else ()
        table = urls.model_dump_json() if urls else ""
        given = (digest_of(mounted), mounted.changed, mounted.unread) if mounted else ()
        key = (*access.identity, uri, access.location.bucket, table, *given, *watched)
        known = self._listings.get(key)
        if known is not None and self._monotonic() < known[0]:
            return known[1]
        started = self._monotonic()
        since, uncounted = await self._known(access, watch) if watch else (None, "")
        seen = await self._listed(access, Listing(uri, since, uncounted, urls, mounted))
        ended = self._monotonic()
        kept = (ended - started) * MEMORY_PER_SECOND
        if isinstance(seen, Failure):
            kept = 0.0
        until = ended + min(max(kept, SHORTEST_MEMORY), LONGEST_MEMORY)
        self._listings.put(key, (until, seen))
        return seen

    async def _known(self, access: Access, watch: Watch) -> tuple[Known | None, str]:
        """What had been listed when the version was made, or why that is not known."""
        bucket, name = access.location.bucket, naming.listed_objects(watch.key, watch.version)
        client, limits = self._reader.client(access), self._limits.document
        try:
            found: Object = await self._reader.read(
                access, Kind.DOCUMENT, limits, lambda: client.stat_object(bucket, name)
            )
            key = (*access.identity[:3], bucket, name, found.etag or "")
            listed = self._listed_objects.get(key)
            if listed is None:
                listed = await self._reader.read(
                    access,
                    Kind.DOCUMENT,
                    limits,
                    lambda: ListedObjects(self._reader.document(access, bucket, name)),
                )
                self._listed_objects.put(key, listed)
        except (ListedError, LargeError) as error:
            return None, f"s3://{bucket}/{name} is no list of objects: {error}"
        except ERRORS as error:
            if is_missing_key(error):
                return None, (
                    f"which objects dataset version {watch.version} was made from is not noted "
                    "beside it, as the next run will do"
                )
            return None, as_failure(error, access.location, bucket).message
        now = moment(found.metadata or {})
        return Known(watch.version, listed, watch.enough, now, found.etag or ""), ""

    async def _listed(self, access: Access, listing: Listing) -> DatasetSeen | Failure:
        limits = self._limits.listing
        try:
            await self._reader.read(
                access, Kind.LISTING, limits, lambda: listing.fill(self._reader.client(access))
            )
        except (LateError, ManyError) as error:
            if listing.count == 0:
                return as_failure(error, access.location, split_uri(listing.asked)[0])
            return listing.cut_short(str(error))
        except ERRORS as error:
            if is_missing_key(error):
                return listing.without_table()
            return as_failure(error, access.location, split_uri(listing.asked)[0])
        if listing.known is not None and listing.table is not None:
            await self._compare_lines(access, listing, listing.known, listing.table)
        return listing.seen()

    async def _compare_lines(
        self, access: Access, listing: Listing, known: Known, table: Table
    ) -> None:
        """Tells the listing how many lines of the table are new, or why nobody knows."""
        if not known.objects.have_lines:
            listing.without_lines(
                f"which addresses dataset version {known.since} was made from is not noted beside "
                "it, as the next run will do"
            )
            return
        # Both ETags are of contents, and where they are the same, so is what was found then.
        key = (*access.identity[:3], table.place, table.etag, known.etag)
        found = self._new_lines.get(key)
        if found is None and table.content is not None:
            found = known.objects.new_lines(table.content)
        if found is None:
            bucket, name = split_uri(table.place)
            try:
                found = await self._reader.read(
                    access,
                    Kind.DOCUMENT,
                    self._limits.document,
                    lambda: known.objects.new_lines(self._reader.document(access, bucket, name)),
                )
            except LargeError as error:
                listing.without_lines(f"{table.place} is not read: {error}")
                return
            except ERRORS as error:
                listing.without_lines(as_failure(error, access.location, bucket).message)
                return
        self._new_lines.put(key, found)
        listing.with_lines(found, table.changed)


def _bytes(listed: ListedObjects) -> int:
    return listed.size
