"""Reads of the S3 endpoint: datasets, artifacts, comparisons of them, and how far a run is.

The operator never writes to S3. What goes wrong becomes a `Failure` that tells rejected keys, a
missing bucket and an unreachable endpoint apart, because each has another way out. The minio
client blocks, so every call runs in a small thread pool. Used by `observe`.
"""

from __future__ import annotations

import asyncio
import hashlib
import time
from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeVar

from minio import Minio

from dandelion_operator.api import naming
from dandelion_operator.api.location import Location, Target, is_table, split_uri
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.ports.s3.client import ERRORS, as_failure, client, is_missing_key
from dandelion_operator.ports.s3.contract import Contract, ContractError
from dandelion_operator.ports.s3.credentials import Credentials
from dandelion_operator.ports.s3.evaluation import (
    ComparisonError,
    ComparisonImpossible,
    read_comparison,
)
from dandelion_operator.ports.s3.progress import read_progress
from dandelion_operator.seen.comparison import Comparison, ComparisonName
from dandelion_operator.seen.training import DatasetSeen, Progress
from dandelion_operator.seen.versions import ContractSeen

MAX_LISTED = 200_000
MAX_DOCUMENT_BYTES = 8 * 1024 * 1024
SHORTEST_MEMORY = 5.0
LONGEST_MEMORY = 120.0
REMEMBERED = 128
# A listing is remembered for so many times as long as it took: large folders are listed rarely.
MEMORY_PER_SECOND = 50.0

Found = TypeVar("Found")


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
    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._clients: OrderedDict[tuple[str, ...], Minio] = OrderedDict()
        self._listings: OrderedDict[tuple[str, ...], tuple[float, DatasetSeen | Failure]] = (
            OrderedDict()
        )
        self._contracts: OrderedDict[tuple[str, ...], ContractSeen] = OrderedDict()
        self._comparisons: OrderedDict[tuple[str, ...], Comparison] = OrderedDict()

    async def dataset(self, access: Access, uri: str, whole: bool) -> DatasetSeen | Failure:
        """`whole`: list all of it for a fingerprint; otherwise only see that something is there."""
        key = (*access.identity, uri, str(whole))
        until, found = self._listings.get(key, (float("-inf"), None))
        if found is not None and self._monotonic() < until:
            return found
        started = self._monotonic()
        seen = await asyncio.to_thread(self._dataset, access, uri, whole)
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

    def _dataset(self, access: Access, uri: str, whole: bool) -> DatasetSeen | Failure:
        bucket, prefix = split_uri(uri)
        listing, count = hashlib.sha256(), 0
        try:
            if is_table(uri):
                # The images are those that it lists, most often beside it.
                table = self._client(access).stat_object(bucket, prefix)
                listing.update(f"{table.object_name}\0{table.size}\0{table.etag}\n".encode())
                prefix = prefix.rpartition("/")[0]
            objects = self._client(access).list_objects(
                bucket, prefix=f"{prefix}/" if prefix else None, recursive=True
            )
            for item in objects:
                if (item.object_name or "").endswith("/"):
                    continue
                count += 1
                listing.update(f"{item.object_name}\0{item.size}\0{item.etag}\n".encode())
                if not whole or count >= MAX_LISTED:
                    break
        except ERRORS as error:
            if is_missing_key(error):
                return Failure(
                    Reason.DATASET_EMPTY,
                    f"there is no table of labels {uri}; upload it, or write the folder that holds "
                    "one folder of images per class",
                )
            return as_failure(error, access.location, bucket)
        if count == 0:
            return Failure(
                Reason.DATASET_EMPTY,
                f"no object lies below {uri}; upload one folder of images per class there",
            )
        return DatasetSeen(listing.hexdigest()[:16] if whole else "", count)

    async def contract(self, access: Access, target: Target, fresh: bool) -> ContractSeen | Failure:
        """`fresh`: look again even if the very same bytes were found in order before."""
        key = (*access.identity[:3], target.artifact_uri, target.contract_digest)
        if not fresh and key in self._contracts:
            return self._contracts[key]
        found = await asyncio.to_thread(self._contract, access, target)
        if isinstance(found, ContractSeen):
            _remember(self._contracts, key, found)
        return found

    def _contract(self, access: Access, target: Target) -> ContractSeen | Failure:
        uri = target.artifact_uri
        if not uri.startswith("s3://"):
            return Failure(
                Reason.ARTIFACT_REJECTED, f"its source {uri!r} is no s3:// address of an artifact"
            )
        if not target.contract_digest:
            return Failure(
                Reason.ARTIFACT_REJECTED,
                "it has no tag dandelion.dev/contract-digest; only versions that a training run "
                "registered can be served",
            )
        bucket, prefix = split_uri(uri)
        name = f"{prefix}/contract.json"
        try:
            content = self._read(access, bucket, name)
            digest = f"sha256:{hashlib.sha256(content).hexdigest()}"
            if digest != target.contract_digest:
                return Failure(
                    Reason.ARTIFACT_REJECTED,
                    f"{uri}/contract.json has the digest {digest}, not {target.contract_digest}",
                )
            contract = Contract.read(content)
            for file, promised in contract.files.items():
                name = f"{prefix}/{file}"
                size = self._client(access).stat_object(bucket, name).size
                if size != promised.bytes:
                    return Failure(
                        Reason.ARTIFACT_REJECTED,
                        f"{uri}/{file} has {size} bytes, its contract promises {promised.bytes}",
                    )
        except ContractError as error:
            return Failure(Reason.ARTIFACT_REJECTED, f"{uri}/contract.json: {error}")
        except ERRORS as error:
            if is_missing_key(error):
                return Failure(Reason.ARTIFACT_REJECTED, f"s3://{bucket}/{name} does not exist")
            failure = as_failure(error, access.location, bucket)
            if failure.reason is Reason.BUCKET_NOT_FOUND:
                return Failure(Reason.ARTIFACT_REJECTED, failure.message)
            return failure
        return contract.seen

    async def comparison(
        self, access: Access, key: NamespacedName, name: ComparisonName
    ) -> Comparison | Failure | None:
        """None: it has not been made. One that was found cannot change: its name is its content."""
        digests = (name.dataset, name.challenger, name.champion)
        remembered = (*access.identity[:3], access.location.bucket, str(key), *digests)
        if remembered in self._comparisons:
            return self._comparisons[remembered]
        found = await asyncio.to_thread(self._comparison, access, key, name)
        if isinstance(found, Comparison):
            _remember(self._comparisons, remembered, found)
        return found

    def _comparison(
        self, access: Access, key: NamespacedName, name: ComparisonName
    ) -> Comparison | Failure | None:
        bucket = access.location.bucket
        path = naming.comparison(name.dataset, name.challenger, name.champion)
        where = f"{naming.evaluations_prefix(key)}/{path}.json"
        try:
            return read_comparison(self._read(access, bucket, where), name)
        except ComparisonImpossible as outcome:
            return Failure(
                Reason.EVALUATION_FAILED,
                f"EvaluationImpossible: {outcome} Delete s3://{bucket}/{where} to have it tried "
                "again",
            )
        except ComparisonError as error:
            return Failure(
                Reason.EVALUATION_FAILED,
                f"s3://{bucket}/{where} is no comparison: {error}; delete it to have it made again",
            )
        except ERRORS as error:
            if is_missing_key(error):
                return None
            return as_failure(error, access.location, bucket)

    async def progress(self, access: Access, key: NamespacedName, run: str) -> Progress:
        return await asyncio.to_thread(self._progress, access, key, run)

    def _progress(self, access: Access, key: NamespacedName, run: str) -> Progress:
        name = f"{naming.run_prefix(key, run)}/status.json"
        try:
            content = self._read(access, access.location.bucket, name)
        except ERRORS:
            return Progress(run=run)
        return read_progress(run, content)

    def _read(self, access: Access, bucket: str, name: str) -> bytes:
        response = self._client(access).get_object(bucket, name, length=MAX_DOCUMENT_BYTES)
        try:
            return response.read()
        finally:
            response.close()
            response.release_conn()

    def _client(self, access: Access) -> Minio:
        if access.identity not in self._clients:
            _remember(self._clients, access.identity, client(access.location, access.credentials))
        return self._clients[access.identity]


def _remember(
    cache: OrderedDict[tuple[str, ...], Found], key: tuple[str, ...], value: Found
) -> None:
    cache[key] = value
    cache.move_to_end(key)
    while len(cache) > REMEMBERED:
        cache.popitem(last=False)
