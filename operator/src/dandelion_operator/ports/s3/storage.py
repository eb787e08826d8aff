"""Reads of the S3 endpoint: datasets, artifacts, comparisons of them, and how far a run is.

The operator never writes to S3. What goes wrong becomes a `Failure` that tells rejected keys, a
missing bucket and an unreachable endpoint apart, because each has another way out. Every read has
a budget and waits in its endpoint's own lane. Used by `observe`.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

from minio.datatypes import Object

from dandelion_operator.api import naming
from dandelion_operator.api.location import Target, split_uri
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.api.spec.dataset import Urls
from dandelion_operator.api.words import foreign
from dandelion_operator.ports.s3.connection.budget import (
    MEBIBYTE,
    LargeError,
    LateError,
    Limits,
    ManyError,
)
from dandelion_operator.ports.s3.connection.client import ERRORS, as_failure, is_missing_key
from dandelion_operator.ports.s3.connection.lanes import Kind, Lanes
from dandelion_operator.ports.s3.connection.reader import Access, Reader
from dandelion_operator.ports.s3.documents.contract import ContractError, verified
from dandelion_operator.ports.s3.documents.evaluation import (
    ComparisonError,
    ComparisonImpossible,
    read_comparison,
)
from dandelion_operator.ports.s3.documents.listed import ListedError, ListedObjects
from dandelion_operator.ports.s3.documents.listing import Known, Listing, moment
from dandelion_operator.ports.s3.documents.live import LiveError, read_live
from dandelion_operator.ports.s3.documents.progress import read_progress
from dandelion_operator.ports.s3.documents.stored import stored_artifacts
from dandelion_operator.ports.s3.memory import Memory
from dandelion_operator.seen.comparison import Comparison, ComparisonName
from dandelion_operator.seen.live import LiveAccuracySeen
from dandelion_operator.seen.training import DatasetSeen, Progress
from dandelion_operator.seen.versions import ContractSeen, StoredArtifact

SHORTEST_MEMORY = 5.0
LONGEST_MEMORY = 120.0
# A listing is remembered for so many times as long as it took: large folders are listed rarely.
MEMORY_PER_SECOND = 50.0

REMEMBERED = 2_000
# A contract weighs what its classes do, half a kilobyte each. Were one forgotten that serves, every
# look at its resource would read it again: so many are those of ten thousand small models.
REMEMBERED_CLASSES = 100_000
# What was listed for the newest versions of datasets that are watched: of 4 million objects.
REMEMBERED_BYTES = 32 * MEBIBYTE

# A page of a listing has a thousand names, each of a kilobyte at most, escaped for XML.
DOCUMENT = Limits(seconds=15.0, answer_bytes=8 * MEBIBYTE, requests=64)
LISTING = Limits(seconds=120.0, answer_bytes=8 * MEBIBYTE, requests=400)
# A request for every run that there ever was, and one for each contract that is read.
STORED = Limits(seconds=120.0, answer_bytes=8 * MEBIBYTE, requests=4000)


@dataclass(frozen=True)
class ReadLimits:
    document: Limits = DOCUMENT
    listing: Limits = LISTING
    stored: Limits = STORED


DEFAULT_LIMITS = ReadLimits()


@dataclass(frozen=True)
class Watch:
    """New objects are those that were not listed when a run made a resource's dataset version.

    `enough`: how many of them are waited for.
    """

    key: NamespacedName
    version: str
    enough: int


class Storage:
    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        limits: ReadLimits = DEFAULT_LIMITS,
        lanes: Lanes | None = None,
    ) -> None:
        self._monotonic = monotonic
        self._limits = limits
        self._reader = Reader(lanes)
        self._listings = Memory[tuple[float, DatasetSeen | Failure]](REMEMBERED)
        self._listed_objects = Memory[ListedObjects](REMEMBERED_BYTES, _bytes)
        self._contracts = Memory[ContractSeen](REMEMBERED_CLASSES, _classes)
        self._comparisons = Memory[Comparison](REMEMBERED)

    async def dataset(
        self, access: Access, uri: str, watch: Watch | None = None, urls: Urls | None = None
    ) -> DatasetSeen | Failure:
        """Lists all of it, for a fingerprint and, with `watch`, for what is new.

        What the addresses of `urls` name is not asked.
        """
        watched = (str(watch.key), watch.version, str(watch.enough)) if watch else ()
        table = urls.model_dump_json() if urls else ""
        key = (*access.identity, uri, access.location.bucket, table, *watched)
        known = self._listings.get(key)
        if known is not None and self._monotonic() < known[0]:
            return known[1]
        started = self._monotonic()
        since, uncounted = await self._known(access, watch) if watch else (None, "")
        seen = await self._listed(access, Listing(uri, since, uncounted, urls))
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
        return Known(watch.version, listed, watch.enough, moment(found.metadata or {})), ""

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
        return listing.seen()

    async def contract(self, access: Access, target: Target, fresh: bool) -> ContractSeen | Failure:
        """`fresh`: look again even if the very same bytes were found in order before."""
        key = (*access.identity[:3], target.artifact_uri, target.contract_digest)
        known = None if fresh else self._contracts.get(key)
        found = known or await self._contract(access, target)
        if isinstance(found, ContractSeen):
            self._contracts.put(key, found)
        return found

    async def _contract(self, access: Access, target: Target) -> ContractSeen | Failure:
        uri = target.artifact_uri
        if not uri.startswith("s3://"):
            return Failure(
                Reason.ARTIFACT_REJECTED,
                f"its source {foreign(uri)!r} is no s3:// address of an artifact",
            )
        if not target.contract_digest:
            return Failure(
                Reason.ARTIFACT_REJECTED,
                "it has no tag dandelion.dev/contract-digest; only versions that a training run "
                "registered can be served",
            )
        bucket = split_uri(uri)[0]
        try:
            return await self._reader.read(
                access,
                Kind.DOCUMENT,
                self._limits.document,
                lambda: verified(self._reader.client(access), target),
            )
        except ContractError as error:
            return Failure(Reason.ARTIFACT_REJECTED, f"{uri}/{error}")
        except LargeError as error:
            return Failure(Reason.ARTIFACT_REJECTED, f"{uri}/contract.json is no contract: {error}")
        except ERRORS as error:
            failure = as_failure(error, access.location, bucket)
            if failure.reason is Reason.BUCKET_NOT_FOUND:
                return Failure(Reason.ARTIFACT_REJECTED, failure.message)
            return failure

    async def comparison(
        self, access: Access, key: NamespacedName, name: ComparisonName
    ) -> Comparison | Failure | None:
        """None: it has not been made. One that was found cannot change: its name is its content."""
        digests = (name.dataset, name.challenger, name.champion)
        remembered = (*access.identity[:3], access.location.bucket, str(key), *digests)
        found = self._comparisons.get(remembered) or await self._comparison(access, key, name)
        if isinstance(found, Comparison):
            self._comparisons.put(remembered, found)
        return found

    async def _comparison(
        self, access: Access, key: NamespacedName, name: ComparisonName
    ) -> Comparison | Failure | None:
        bucket = access.location.bucket
        path = naming.comparison(name.dataset, name.challenger, name.champion)
        where = f"{naming.evaluations_prefix(key)}/{path}.json"
        try:
            return await self._reader.read(
                access,
                Kind.DOCUMENT,
                self._limits.document,
                lambda: read_comparison(self._reader.document(access, bucket, where), name),
            )
        except ComparisonImpossible as outcome:
            return Failure(
                Reason.EVALUATION_FAILED,
                f"EvaluationImpossible: {outcome} Delete s3://{bucket}/{where} to have it tried "
                "again",
            )
        except (ComparisonError, LargeError) as error:
            return Failure(
                Reason.EVALUATION_FAILED,
                f"s3://{bucket}/{where} is no comparison: {error}; delete it to have it made again",
            )
        except ERRORS as error:
            if is_missing_key(error):
                return None
            return as_failure(error, access.location, bucket)

    async def live(
        self, access: Access, key: NamespacedName, contract_digest: str
    ) -> LiveAccuracySeen | Failure | None:
        """None: nobody reviewed answers of that artifact. It changes with every review."""
        bucket, where = access.location.bucket, naming.live_accuracy(key, contract_digest)
        try:
            return await self._reader.read(
                access,
                Kind.DOCUMENT,
                self._limits.document,
                lambda: read_live(self._reader.document(access, bucket, where), contract_digest),
            )
        except (LiveError, LargeError) as error:
            return Failure(
                Reason.EVALUATION_FAILED,
                f"s3://{bucket}/{where} is no live accuracy: {error}; `review accuracy` of the "
                "training image writes it anew",
            )
        except ERRORS as error:
            return None if is_missing_key(error) else as_failure(error, access.location, bucket)

    async def stored(
        self, access: Access, key: NamespacedName, served: tuple[str, ...]
    ) -> tuple[StoredArtifact, ...] | Failure:
        """What its runs left; `served`: digests of contracts that count however old they are."""
        bucket = access.location.bucket

        def read(name: str) -> bytes:
            return self._reader.document(access, bucket, name)

        try:
            return await self._reader.read(
                access,
                Kind.LISTING,
                self._limits.stored,
                lambda: stored_artifacts(self._reader.client(access), read, bucket, key, served),
            )
        except ERRORS as error:
            return as_failure(error, access.location, bucket)

    async def progress(self, access: Access, key: NamespacedName, run: str) -> Progress:
        bucket, name = access.location.bucket, f"{naming.run_prefix(key, run)}/status.json"
        try:
            return await self._reader.read(
                access,
                Kind.DOCUMENT,
                self._limits.document,
                lambda: read_progress(run, self._reader.document(access, bucket, name)),
            )
        except ERRORS:
            return Progress(run=run)

    def close(self) -> None:
        self._reader.close()


def _classes(contract: ContractSeen) -> int:
    return 1 + max(len(contract.classes), len(contract.by_class))


def _bytes(listed: ListedObjects) -> int:
    return listed.bytes
