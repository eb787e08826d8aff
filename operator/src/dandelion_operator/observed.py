"""What one look at the world found: plain frozen values that the decisions and the report work on.

Made by `observe`, which does all the reading. Where a read failed, the value is a `Failure` with a
documented reason instead, so that "not there" and "could not look" are never mixed up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

from dandelion_operator.location import Target
from dandelion_operator.reasons import Failure
from dandelion_operator.status import RunState, Status


@dataclass(frozen=True)
class DatasetSeen:
    fingerprint: str
    objects: int


@dataclass(frozen=True)
class JobSeen:
    name: str
    run: str
    wish: str
    state: RunState
    created: str
    started: str | None = None
    finished: str | None = None
    deleting: bool = False
    trigger: str | None = None
    fingerprint: str | None = None
    retrain: str = ""
    reason: str | None = None
    message: str | None = None


@dataclass(frozen=True)
class Progress:
    """One run's own status.json, or nothing of it."""

    run: str = ""
    state: str | None = None
    stage: str | None = None
    percent: int = 0
    reason: str | None = None
    message: str | None = None
    run_id: str | None = None
    version: str | None = None
    dataset_digest: str | None = None
    images: int | None = None
    classes: tuple[str, ...] = ()


class Verdict:
    """Values of the tag dandelion.dev/verdict on a version."""

    PROMOTING = "promoting"
    PROMOTED = "promoted"
    REJECTED = "rejected"
    AWAITING = "awaiting"
    OBSERVED = "observed"


@dataclass(frozen=True)
class VersionSeen:
    version: int
    source: str
    run_id: str = ""
    run: str = ""
    wish: str = ""
    contract_digest: str = ""
    dataset_digest: str = ""
    verdict: str = ""
    verdict_reason: str = ""
    gate: str = ""
    replaces: str = ""

    @property
    def target(self) -> Target:
        return Target(self.version, self.source, self.contract_digest)


@dataclass(frozen=True)
class RegistrySeen:
    champion: int | None = None
    challenger: int | None = None
    versions: tuple[VersionSeen, ...] = ()  # newest first

    def version(self, number: int | None) -> VersionSeen | None:
        return next((item for item in self.versions if item.version == number), None)

    def of_run(self, run: str) -> VersionSeen | None:
        return next((item for item in self.versions if run and item.run == run), None)


@dataclass(frozen=True)
class ContractSeen:
    """A contract.json whose bytes match the digest, and whose files are all there."""

    metrics: Mapping[str, float]
    dataset_digest: str | None = None
    images: int | None = None
    classes: tuple[str, ...] = ()
    precision: str = "fp32"


@dataclass(frozen=True)
class DeploymentSeen:
    ours: bool
    target: Target | None = None
    serving_digest: str | None = None
    generation: int = 0
    observed_generation: int = 0
    wanted_replicas: int = 0
    replicas: int = 0
    updated: int = 0
    available: int = 0
    progress_deadline_seconds: int | None = None
    revision_history_limit: int | None = None
    deadline_exceeded: bool = False
    refused: str | None = None

    @property
    def complete(self) -> bool:
        return (
            self.observed_generation >= self.generation
            and self.replicas == self.updated == self.available == self.wanted_replicas
        )


@dataclass(frozen=True)
class PodSeen:
    name: str
    version: int | None
    ready: bool
    deleting: bool = False
    reason: str | None = None
    message: str | None = None
    permanent: bool = False


@dataclass(frozen=True)
class ServiceSeen:
    ours: bool
    digest: str | None = None
    address: str | None = None


@dataclass(frozen=True)
class AccountSeen:
    """The ServiceAccount of pods that ask the API server who calls, and whether they may ask."""

    exists: bool = False
    ours: bool = False
    may_review: bool = False


@dataclass(frozen=True)
class Answer:
    """What a GET of /readyz through the Service brought back."""

    version: int | None
    message: str = ""


@dataclass(frozen=True)
class Observed:
    previous: Status
    dataset: DatasetSeen | Failure
    registry: RegistrySeen | Failure
    keys: Failure | None = None
    jobs: tuple[JobSeen, ...] = ()
    progress: Progress = field(default_factory=Progress)
    artifacts: Mapping[int, ContractSeen | Failure] = field(default_factory=dict)
    deployment: DeploymentSeen | None = None
    pods: tuple[PodSeen, ...] = ()
    service: ServiceSeen | None = None
    account: AccountSeen | Failure = field(default_factory=AccountSeen)
    answer: Answer | None = None
    stale_secrets: frozenset[str] = frozenset()

    def serves_only(self, target: Target) -> bool:
        """Every wanted replica is there with this version, and nothing of another one is left."""
        deployment = self.deployment
        return (
            deployment is not None
            and deployment.complete
            and deployment.target == target
            and all(pod.version == target.version for pod in self.pods)
        )
