"""What one reconcile read: plain frozen values that the decisions and the report work on.

Made by `observe`, which does all the reading. Where a read failed, the value is a `Failure` with a
documented reason instead, so that "not there" and "could not be read" are never mixed up.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from dandelion_operator.api.location import Target
from dandelion_operator.api.reasons import Failure
from dandelion_operator.api.status import Status
from dandelion_operator.seen.comparison import Comparison, ComparisonName
from dandelion_operator.seen.drift import NO_DRIFT, Drift
from dandelion_operator.seen.identity import AccountSecrets
from dandelion_operator.seen.keys import KeyLook
from dandelion_operator.seen.live import LiveAccuracySeen, ReviewsSeen
from dandelion_operator.seen.serving import (
    Answer,
    BudgetSeen,
    DeploymentSeen,
    PodSeen,
    RouteSeen,
    ServiceSeen,
)
from dandelion_operator.seen.training import (
    DatasetSeen,
    EvaluationJobSeen,
    IngestJobSeen,
    JobSeen,
    Progress,
)
from dandelion_operator.seen.versions import ContractSeen, RegistrySeen, StoredArtifact
from dandelion_operator.seen.windows import PodWindows


@dataclass(frozen=True)
class Observed:
    previous: Status
    # None: nothing is about to learn from it, so it was not listed.
    dataset: DatasetSeen | Failure | None
    registry: RegistrySeen | Failure
    credentials: Failure | None = None
    jobs: tuple[JobSeen, ...] = ()
    evaluations: tuple[EvaluationJobSeen, ...] = ()
    ingests: tuple[IngestJobSeen, ...] = ()
    progress: Progress = field(default_factory=Progress)
    # Of the ingest that is asked for, as a run's.
    ingest_progress: Progress = field(default_factory=Progress)
    artifacts: Mapping[int, ContractSeen | Failure] = field(default_factory=dict)
    # Oldest first; only looked for where the registry was lost.
    stored: tuple[StoredArtifact, ...] | Failure = ()
    # None: it has not been made.
    comparisons: Mapping[ComparisonName, Comparison | Failure | None] = field(default_factory=dict)
    # Of what the Deployment is of. None: its answers are not reviewed, or nobody did yet.
    live: LiveAccuracySeen | Failure | None = None
    # None: nobody is asked to review answers.
    reviews: ReviewsSeen | Failure | None = None
    deployment: DeploymentSeen | None = None
    pods: tuple[PodSeen, ...] = ()
    windows: tuple[PodWindows, ...] = ()  # of those that are ready, or of some of them
    service: ServiceSeen | None = None
    budget: BudgetSeen = field(default_factory=BudgetSeen)
    route: RouteSeen = field(default_factory=RouteSeen)
    ingress: RouteSeen = field(default_factory=RouteSeen)
    # From what each NetworkPolicy was made, by component; None: they are none of its business.
    policies: Mapping[str, str] | None = None
    answer: Answer | None = None
    # Copies that are not the installation's key of now, and what is known of keys for a while, by
    # purpose; no keys where none are asked for.
    stale_secrets: frozenset[str] = frozenset()
    keys: Mapping[str, KeyLook] = field(default_factory=dict)
    # Where pods reach S3 by their accounts: the components whose account is not as it should be,
    # and what lies in the Secrets.
    accounts: frozenset[str] = frozenset()
    secrets: AccountSecrets = field(default_factory=AccountSecrets)
    # The children as the API server holds them, and what others made of them: Deployment, Service,
    # ServiceAccount, PodDisruptionBudget, HTTPRoute, Ingress, each NetworkPolicy, and each Secret
    # by its purpose.
    raw: Mapping[str, Mapping[str, Any]] = field(default_factory=dict, repr=False)
    drifts: Mapping[str, Drift] = field(default_factory=dict)
    now: str = ""  # when this was read, as Kubernetes writes times

    def drift(self, child: str) -> Drift:
        return self.drifts.get(child, NO_DRIFT)

    @property
    def goes_on(self) -> str:
        """What a failure leaves as it is, in the words that end a message."""
        ready = {pod.version for pod in self.pods if pod.ready and not pod.deleting}
        serving = sorted(version for version in ready if version is not None)
        if not serving:
            return "nothing serves"
        if len(serving) == 1:
            return f"version {serving[0]} goes on serving"
        return f"versions {' and '.join(str(version) for version in serving)} go on serving"

    def serves_only(self, target: Target) -> bool:
        """Every wanted replica is there with this version, and nothing of another one answers."""
        deployment = self.deployment
        return (
            deployment is not None
            and deployment.complete
            and deployment.target == target
            and not self.pods_left(target.version)
        )

    def pods_left(self, version: int) -> int:
        """How many pods of other versions still answer, or could."""
        return sum(pod.version != version and not pod.has_ended(self.now) for pod in self.pods)
