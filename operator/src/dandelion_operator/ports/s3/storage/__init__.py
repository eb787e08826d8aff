"""Reads of the S3 endpoint: datasets, artifacts, comparisons of them, and how far a run is.

The operator never writes to S3. What goes wrong becomes a `Failure` that tells rejected keys, a
missing bucket and an unreachable endpoint apart, because each has another way out. Every read has
a budget and waits in its endpoint's own lane. Used by `observe`.
"""

from __future__ import annotations

import time
from collections.abc import Callable

from dandelion_operator.api import moments, naming
from dandelion_operator.api.location import Target
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.api.spec.dataset import Urls
from dandelion_operator.ports.s3.connection.budget import LargeError
from dandelion_operator.ports.s3.connection.client import ERRORS, as_failure, is_missing_key
from dandelion_operator.ports.s3.connection.lanes import Kind, Lanes
from dandelion_operator.ports.s3.connection.reader import Access, Reader
from dandelion_operator.ports.s3.documents.live import LiveError, read_live
from dandelion_operator.ports.s3.documents.progress import read_progress
from dandelion_operator.ports.s3.documents.stored import stored_artifacts
from dandelion_operator.ports.s3.storage.comparisons import Comparisons
from dandelion_operator.ports.s3.storage.contracts import Contracts
from dandelion_operator.ports.s3.storage.datasets import Datasets, Watch
from dandelion_operator.ports.s3.storage.limits import DEFAULT_LIMITS, ReadLimits
from dandelion_operator.seen.comparison import Comparison, ComparisonName
from dandelion_operator.seen.live import LiveAccuracySeen, ReviewsSeen
from dandelion_operator.seen.training import DatasetSeen, MountedTable, Progress
from dandelion_operator.seen.versions import ContractSeen, StoredArtifact


class Storage:
    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        limits: ReadLimits = DEFAULT_LIMITS,
        lanes: Lanes | None = None,
    ) -> None:
        self._limits = limits
        self._reader = Reader(lanes)
        self._datasets = Datasets(self._reader, limits, monotonic)
        self._contracts = Contracts(self._reader, limits)
        self._comparisons = Comparisons(self._reader, limits)

    async def dataset(
        self,
        access: Access,
        uri: str,
        watch: Watch | None = None,
        urls: Urls | None = None,
        mounted: MountedTable | None = None,
    ) -> DatasetSeen | Failure:
        """See `Datasets`."""
        return await self._datasets.dataset(access, uri, watch, urls, mounted)

    async def contract(self, access: Access, target: Target, fresh: bool) -> ContractSeen | Failure:
        """See `Contracts`."""
        return await self._contracts.contract(access, target, fresh)

    async def comparison(
        self, access: Access, key: NamespacedName, name: ComparisonName
    ) -> Comparison | Failure | None:
        """See `Comparisons`."""
        return await self._comparisons.comparison(access, key, name)

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

    async def reviews(self, access: Access, key: NamespacedName) -> ReviewsSeen | Failure:
        """By a listing: an import that says nothing new leaves no object."""
        bucket, prefix = access.location.bucket, naming.decisions_prefix(key)
        client = self._reader.client(access)

        def latest() -> str:
            found = client.list_objects(bucket, prefix=prefix, recursive=True)
            written = (item.last_modified for item in found if item.last_modified is not None)
            last = max(written, default=None)
            return moments.written(last) if last is not None else ""

        try:
            return ReviewsSeen(
                await self._reader.read(access, Kind.DOCUMENT, self._limits.document, latest)
            )
        except ERRORS as error:
            return as_failure(error, access.location, bucket)

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
