"""Reads of the S3 endpoint: datasets, artifacts, comparisons of them, and how far a run is.

The operator never writes to S3. What goes wrong becomes a `Failure` that tells rejected keys, a
missing bucket and an unreachable endpoint apart, because each has another way out. Every read has
a budget and waits in its endpoint's own lane. Used by `observe`.
"""

from __future__ import annotations

import hashlib
import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar
from urllib.parse import urlsplit

from minio import Minio

from dandelion_operator.api import naming
from dandelion_operator.api.location import Location, Target, is_table, split_uri
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.api.words import foreign
from dandelion_operator.ports.s3.connection.budget import (
    MEBIBYTE,
    LargeError,
    LateError,
    Limits,
    ManyError,
)
from dandelion_operator.ports.s3.connection.client import ERRORS, as_failure, client, is_missing_key
from dandelion_operator.ports.s3.connection.lanes import Kind, Lanes
from dandelion_operator.ports.s3.credentials import Credentials
from dandelion_operator.ports.s3.documents.contract import Contract, ContractError
from dandelion_operator.ports.s3.documents.evaluation import (
    ComparisonError,
    ComparisonImpossible,
    read_comparison,
)
from dandelion_operator.ports.s3.documents.listing import Listing
from dandelion_operator.ports.s3.documents.progress import read_progress
from dandelion_operator.ports.s3.documents.stored import stored_artifacts
from dandelion_operator.seen.comparison import Comparison, ComparisonName
from dandelion_operator.seen.training import DatasetSeen, Progress
from dandelion_operator.seen.versions import ContractSeen, StoredArtifact

SHORTEST_MEMORY = 5.0
LONGEST_MEMORY = 120.0
REMEMBERED = 128
# A listing is remembered for so many times as long as it took: large folders are listed rarely.
MEMORY_PER_SECOND = 50.0

Found = TypeVar("Found")


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
class Access:
    """Where to read and with which keys."""

    location: Location
    credentials: Credentials

    @property
    def identity(self) -> tuple[str, ...]:
        place = self.location
        return (place.endpoint, place.region, place.ca_bundle, self.credentials.fingerprint)


class Storage:
    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        limits: ReadLimits = DEFAULT_LIMITS,
        lanes: Lanes | None = None,
    ) -> None:
        self._monotonic = monotonic
        self._limits = limits
        self._lanes = lanes or Lanes()
        self._making_client = threading.Lock()
        self._clients: OrderedDict[tuple[str, ...], Minio] = OrderedDict()
        self._listings: OrderedDict[tuple[str, ...], tuple[float, DatasetSeen | Failure]] = (
            OrderedDict()
        )
        self._contracts: OrderedDict[tuple[str, ...], ContractSeen] = OrderedDict()
        self._comparisons: OrderedDict[tuple[str, ...], Comparison] = OrderedDict()

    async def dataset(self, access: Access, uri: str) -> DatasetSeen | Failure:
        """Lists all of it, for a fingerprint."""
        key = (*access.identity, uri)
        until, found = self._listings.get(key, (float("-inf"), None))
        if found is not None and self._monotonic() < until:
            return found
        started = self._monotonic()
        seen = await self._listed(access, uri)
        ended = self._monotonic()
        kept = (ended - started) * MEMORY_PER_SECOND
        if isinstance(seen, Failure):
            kept = 0.0
        _remember(
            self._listings,
            key,
            (ended + min(max(kept, SHORTEST_MEMORY), LONGEST_MEMORY), seen),
        )
        return seen

    async def _listed(self, access: Access, uri: str) -> DatasetSeen | Failure:
        listing, limits = Listing(uri), self._limits.listing
        try:
            await self._read(access, Kind.LISTING, limits, lambda: self._list(access, listing))
        except (LateError, ManyError) as error:
            if listing.count == 0:
                return as_failure(error, access.location, split_uri(uri)[0])
            return listing.cut_short(str(error))
        except ERRORS as error:
            if is_missing_key(error):
                return Failure(
                    Reason.DATASET_EMPTY,
                    f"there is no table of labels {uri}; upload it, or write the folder that holds "
                    "one folder of images per class",
                )
            return as_failure(error, access.location, split_uri(uri)[0])
        return listing.seen()

    def _list(self, access: Access, listing: Listing) -> None:
        bucket, prefix = split_uri(listing.uri)
        if is_table(listing.uri):
            # The images are those that it lists, most often beside it.
            listing.add(self._client(access).stat_object(bucket, prefix))
            prefix = prefix.rpartition("/")[0]
        objects = self._client(access).list_objects(
            bucket, prefix=f"{prefix}/" if prefix else None, recursive=True
        )
        for item in objects:
            if not (item.object_name or "").endswith("/"):
                listing.add(item)
                listing.count += 1
            if listing.is_enough:
                break

    async def contract(self, access: Access, target: Target, fresh: bool) -> ContractSeen | Failure:
        """`fresh`: look again even if the very same bytes were found in order before."""
        key = (*access.identity[:3], target.artifact_uri, target.contract_digest)
        if not fresh and key in self._contracts:
            return self._contracts[key]
        found = await self._contract(access, target)
        if isinstance(found, ContractSeen):
            _remember(self._contracts, key, found)
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
            return await self._read(
                access,
                Kind.DOCUMENT,
                self._limits.document,
                lambda: self._verified(access, target),
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

    def _verified(self, access: Access, target: Target) -> ContractSeen:
        """Raises ContractError, SpentError and what minio raises."""
        bucket, prefix = split_uri(target.artifact_uri)
        name = "contract.json"
        try:
            content = self._document(access, bucket, f"{prefix}/{name}")
            digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
            if digest != target.contract_digest:
                raise ContractError(f"{name} has the digest {digest}, not {target.contract_digest}")
            try:
                contract = Contract.read(content)
            except ContractError as error:
                raise ContractError(f"{name}: {error}") from None
            for name, promised in contract.files.items():
                size = self._client(access).stat_object(bucket, f"{prefix}/{name}").size
                if size != promised.bytes:
                    raise ContractError(
                        f"{name} has {size} bytes, its contract promises {promised.bytes}"
                    )
        except ERRORS as error:
            if is_missing_key(error):
                raise ContractError(f"{name} does not exist") from None
            raise
        return contract.seen

    async def comparison(
        self, access: Access, key: NamespacedName, name: ComparisonName
    ) -> Comparison | Failure | None:
        """None: it has not been made. One that was found cannot change: its name is its content."""
        digests = (name.dataset, name.challenger, name.champion)
        remembered = (*access.identity[:3], access.location.bucket, str(key), *digests)
        if remembered in self._comparisons:
            return self._comparisons[remembered]
        found = await self._comparison(access, key, name)
        if isinstance(found, Comparison):
            _remember(self._comparisons, remembered, found)
        return found

    async def _comparison(
        self, access: Access, key: NamespacedName, name: ComparisonName
    ) -> Comparison | Failure | None:
        bucket = access.location.bucket
        path = naming.comparison(name.dataset, name.challenger, name.champion)
        where = f"{naming.evaluations_prefix(key)}/{path}.json"
        try:
            return await self._read(
                access,
                Kind.DOCUMENT,
                self._limits.document,
                lambda: read_comparison(self._document(access, bucket, where), name),
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

    async def stored(
        self, access: Access, key: NamespacedName, served: tuple[str, ...]
    ) -> tuple[StoredArtifact, ...] | Failure:
        """What its runs left; `served`: digests of contracts that count however old they are."""
        bucket = access.location.bucket

        def read(name: str) -> bytes:
            return self._document(access, bucket, name)

        try:
            return await self._read(
                access,
                Kind.LISTING,
                self._limits.stored,
                lambda: stored_artifacts(self._client(access), read, bucket, key, served),
            )
        except ERRORS as error:
            return as_failure(error, access.location, bucket)

    async def progress(self, access: Access, key: NamespacedName, run: str) -> Progress:
        bucket, name = access.location.bucket, f"{naming.run_prefix(key, run)}/status.json"
        try:
            return await self._read(
                access,
                Kind.DOCUMENT,
                self._limits.document,
                lambda: read_progress(run, self._document(access, bucket, name)),
            )
        except ERRORS:
            return Progress(run=run)

    async def _read(
        self, access: Access, kind: Kind, limits: Limits, work: Callable[[], Found]
    ) -> Found:
        host = urlsplit(access.location.endpoint).netloc
        return await self._lanes.read(host, access.identity, kind, limits, work)

    def _document(self, access: Access, bucket: str, name: str) -> bytes:
        """Not by a range: what is larger than the bound must not look like a part of itself."""
        return self._client(access).get_object(bucket, name).read()

    def close(self) -> None:
        self._lanes.close()

    def _client(self, access: Access) -> Minio:
        with self._making_client:
            if access.identity not in self._clients:
                made = client(access.location, access.credentials)
                _remember(self._clients, access.identity, made)
            return self._clients[access.identity]


def _remember(
    cache: OrderedDict[tuple[str, ...], Found], key: tuple[str, ...], value: Found
) -> None:
    cache[key] = value
    cache.move_to_end(key)
    while len(cache) > REMEMBERED:
        cache.popitem(last=False)
