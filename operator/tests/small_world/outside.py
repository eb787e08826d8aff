"""S3 and the probes of the small world: what is stored, and who answers."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from dandelion_operator.api import moments, naming
from dandelion_operator.api.location import Target
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.api.spec.dataset import Urls
from dandelion_operator.ports.s3.connection.reader import Access
from dandelion_operator.ports.s3.credentials import Credentials
from dandelion_operator.ports.s3.storage.datasets import Watch
from dandelion_operator.ports.s3.sts import Request
from dandelion_operator.seen.comparison import Comparison, ComparisonName
from dandelion_operator.seen.keys import NoSts, TemporaryKey
from dandelion_operator.seen.live import LiveAccuracySeen, ReviewsSeen
from dandelion_operator.seen.serving import Answer
from dandelion_operator.seen.training import DatasetSeen, MountedTable, NewObjects, Progress
from dandelion_operator.seen.versions import ContractSeen, StoredArtifact
from dandelion_operator.seen.windows import WindowsOfSize

from small_world.controllers import DATASET, is_ready

if TYPE_CHECKING:
    from small_world import World


class FakeTokens:
    """STS: gives a new key whenever it is asked, unless `says` is something else."""

    def __init__(self, now: Callable[[], str]) -> None:
        self._now = now
        self.says: NoSts | Failure | None = None
        self.asked: list[tuple[str, Credentials]] = []  # policies, and with which key

    async def key(
        self, request: Request, credentials: Credentials
    ) -> TemporaryKey | NoSts | Failure:
        self.asked.append((request.policy, credentials))
        if self.says is not None:
            return self.says
        number, now = len(self.asked), self._now()
        return TemporaryKey(
            f"key-{number}",
            f"secret-{number}",
            f"token-{number}",
            now,
            moments.after(now, request.sts.life_seconds),
            request.asked(credentials),
        )

    def close(self) -> None:
        """Nothing is open."""


class FakeIdentity:
    """What is lent to the operator, unless `says` is something else."""

    def __init__(self) -> None:
        self.says: Failure | None = None

    async def credentials(self) -> Credentials | Failure:
        return self.says or Credentials("lent", "lent-secret", "lent-token", "the operator")


@dataclass
class FakeStorage:
    fingerprint: str = "images-1"
    obstacle: Failure | None = None
    contracts: dict[str, ContractSeen | Failure] = field(default_factory=dict)
    progresses: dict[str, Progress] = field(default_factory=dict)
    comparisons: dict[ComparisonName, Comparison | Failure] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)  # of contracts, by their folders
    endpoints: dict[str, str] = field(default_factory=dict)  # where those are that a run wrote
    unreadable: set[str] = field(default_factory=set)  # addresses of datasets
    listing: Failure | None = None
    uploads: dict[str, str] = field(default_factory=dict)  # by name, when they came
    table: Callable[[], frozenset[str]] = frozenset  # the lines of a table of addresses
    # Of both, what runs listed and read, by dataset version.
    listed: dict[str, frozenset[str]] = field(default_factory=dict)
    versions: dict[str, str] = field(default_factory=dict)  # of the dataset, by artifact
    live_accuracies: dict[str, LiveAccuracySeen | Failure] = field(default_factory=dict)
    decided: str = ""  # when people's decisions were imported last
    now: Callable[[], str] = lambda: ""

    async def live(
        self, access: Access, key: NamespacedName, contract_digest: str
    ) -> LiveAccuracySeen | Failure | None:
        return self.obstacle or self.live_accuracies.get(contract_digest)

    async def reviews(self, access: Access, key: NamespacedName) -> ReviewsSeen | Failure:
        return self.obstacle or ReviewsSeen(self.decided)

    async def dataset(
        self,
        access: Access,
        uri: str,
        watch: Watch | None = None,
        urls: Urls | None = None,
        mounted: MountedTable | None = None,
    ) -> DatasetSeen | Failure:
        if uri in self.unreadable:
            return Failure(Reason.DATASET_EMPTY, f"there is nothing below {uri}")
        if self.obstacle is not None:
            return self.obstacle
        table = mounted or MountedTable()
        lines = frozenset(table.content.decode().splitlines())
        fingerprint = self.fingerprint + (self.version() if self.uploads or lines else "")
        seen = DatasetSeen(fingerprint, 40 + len(self.uploads))
        if watch is None:
            return seen
        known = self.listed.get(watch.version)
        if known is None:
            return replace(seen, uncounted="nothing is noted")
        addresses = len(lines - known)
        came = [when for name, when in self.uploads.items() if name not in known]
        moments = sorted([*came, *[table.changed] * addresses])
        enough = "".join(moments[watch.enough - 1 : watch.enough])
        newest = "".join(moments[-1:])
        new = NewObjects(watch.version, len(moments), enough, newest, self.now(), addresses)
        return replace(seen, new=new, uncounted=table.unread)

    def upload(self, *names: str) -> None:
        self.uploads |= dict.fromkeys(names, self.now())

    def version(self) -> str:
        """Of the dataset, as a run makes it now."""
        found = self.table().union(self.uploads)
        if not found:
            return DATASET
        return f"sha256:{hashlib.sha256(' '.join(sorted(found)).encode()).hexdigest()}"

    def make_version(self, artifact: str | None) -> str:
        """What a run does that makes this artifact, or an ingest, which makes none."""
        version = self.version()
        if artifact is not None:
            self.versions[artifact] = version
        self.listed[version] = self.table().union(self.uploads)
        return version

    def holds(self, endpoint: str, uri: str) -> bool:
        return self.endpoints.get(uri, endpoint) == endpoint

    async def contract(self, access: Access, target: Target, fresh: bool) -> ContractSeen | Failure:
        missing = Failure(Reason.ARTIFACT_REJECTED, f"{target.artifact_uri} does not exist")
        if not self.holds(access.location.endpoint, target.artifact_uri):
            return missing
        return self.contracts.get(target.artifact_uri, missing)

    async def comparison(
        self, access: Access, key: NamespacedName, name: ComparisonName
    ) -> Comparison | Failure | None:
        return self.comparisons.get(name)

    async def stored(
        self, access: Access, key: NamespacedName, served: tuple[str, ...]
    ) -> tuple[StoredArtifact, ...] | Failure:
        if self.listing is not None:
            return self.listing
        return tuple(
            StoredArtifact(
                source.split("/")[-2], source, self.digests[source], self.versions[source]
            )
            for source, found in self.contracts.items()
            if isinstance(found, ContractSeen)
        )

    async def progress(self, access: Access, key: NamespacedName, run: str) -> Progress:
        return self.progresses.get(run, Progress(run=run))


@dataclass
class FakeProbe:
    world: World

    async def service(self, address: str, port: int = 80) -> Answer:
        self.world.asked.append(address)
        ready = [pod for pod in self.world.inference_pods() if is_ready(pod)]
        if not ready:
            return Answer(None, "connection refused")
        return Answer(int(ready[0]["metadata"]["labels"][naming.VERSION_LABEL]))

    async def pod(self, address: str, port: int) -> tuple[str, str] | None:
        self.world.asked_pods.add((address, port))
        return self.world.pod_trouble.get(address.rpartition(".")[2])

    async def drift(self, address: str, port: int) -> tuple[WindowsOfSize, ...] | None:
        self.world.asked_windows.add((address, port))
        return self.world.windows.get(address.rpartition(".")[2])
