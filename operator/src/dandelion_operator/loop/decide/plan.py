"""What is to be done, as values: the actions that `decide` chooses from and `apply` carries out.

Every action is idempotent: carried out twice, or carried out and then killed before anybody took
notice, it leaves what once would have left.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from enum import Enum, auto

from dandelion_operator.api.location import Target
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.status.history import PROMOTED
from dandelion_operator.seen.conclusions.triggers import Due, HeldBy
from dandelion_operator.seen.keys import TemporaryKey
from dandelion_operator.seen.versions import StoredArtifact


@dataclass(frozen=True)
class StartTraining:
    """`former_dataset` is the digest of the dataset version that the new one grows from, or "".

    `champion` is what serves at that moment: the run evaluates it beside its own model. `images` is
    how many objects were listed, or 0: the pod asks for disk by it. `decided` is the moment at
    which the run was, by the operator's clock and the same for all attempts at it. `searching`: its
    settings are searched for first, by a Job of its own, and training comes after that.
    """

    run: str
    training_hash: str
    trigger: str
    fingerprint: str
    initial_weights: str
    former_dataset: str = ""
    champion: Target | None = None
    images: int = 0
    attempt: int = 1
    trigger_message: str = ""
    decided: str = ""
    searching: bool = False


@dataclass(frozen=True)
class StartEvaluation:
    """Compare two versions on the holdout of the dataset version that the challenger learnt from.

    `evaluation` is its digest, `run` the challenger's, `gate` the rules that ask for it.
    """

    evaluation: str
    dataset: str
    challenger: Target
    champion: Target
    run: str
    gate: str
    attempt: int = 1


@dataclass(frozen=True)
class RemoveJob:
    """Stops the run if it is one in flight."""

    job: str


@dataclass(frozen=True)
class ExpireJob:
    """Let Kubernetes take a finished Job away some seconds after its end, which is recorded.

    None: it is kept after all.
    """

    job: str
    seconds: int | None


@dataclass(frozen=True)
class SuspendJob:
    job: str
    suspend: bool


@dataclass(frozen=True)
class SetVerdict:
    """`comparison` is the digest of the document that it rests on, "" where there is none; `by` is
    who or what gave the version the alias. None, and what is known of it is left as it is.
    """

    version: int
    verdict: str
    reason: str
    gate: str
    replaces: str = ""
    comparison: str | None = None
    by: str | None = None


@dataclass(frozen=True)
class SetAlias:
    alias: str
    version: int


@dataclass(frozen=True)
class RemoveAlias:
    alias: str


@dataclass(frozen=True)
class ConfirmAlias:
    """Nothing is written after this unless the alias still names that version, or none."""

    alias: str
    version: int | None


@dataclass(frozen=True)
class BeginRestoring:
    """The registered model, marked as one that lacks versions until `EndRestoring`."""


@dataclass(frozen=True)
class RegisterVersion:
    """Register an artifact again, with the tags that training wrote and a verdict or none."""

    artifact: StoredArtifact
    training_hash: str
    verdict: str = ""
    reason: str = ""


@dataclass(frozen=True)
class EndRestoring:
    pass


@dataclass(frozen=True)
class RefreshSecret:
    """Put the key for one purpose (training, inference, log) next to the resource.

    `key` is one that is for a while; None: a copy of the chart's.
    """

    purpose: str
    corrected: tuple[str, ...] = field(default=(), compare=False)
    key: TemporaryKey | None = None


@dataclass(frozen=True)
class ApplyService:
    """`corrected`, here and below: whose writes are put right with this or were before."""

    corrected: tuple[str, ...] = ()


@dataclass(frozen=True)
class ApplyBudget:
    """The PodDisruptionBudget that lets one serving pod after the other be put out."""

    corrected: tuple[str, ...] = ()


@dataclass(frozen=True)
class RemoveBudget:
    pass


@dataclass(frozen=True)
class ApplyAccount:
    """The ServiceAccount as which pods ask the API server who calls."""

    corrected: tuple[str, ...] = ()


@dataclass(frozen=True)
class BindTokenReviewers:
    """Let every such ServiceAccount ask, and nobody else."""


@dataclass(frozen=True)
class ApplyDeployment:
    """A new pod template: this is what starts a rollout.

    `sets_replicas` is false where an autoscaler sets them.
    """

    target: Target
    sets_replicas: bool = True
    corrected: tuple[str, ...] = ()


@dataclass(frozen=True)
class AdjustDeployment:
    """Replicas, deadline and history only; no pod is restarted. None: that one is left alone."""

    replicas: int | None
    progress_deadline_seconds: int | None
    revision_history_limit: int | None
    corrected: tuple[str, ...] = ()


Action = (
    StartTraining
    | StartEvaluation
    | RemoveJob
    | ExpireJob
    | SuspendJob
    | SetVerdict
    | SetAlias
    | RemoveAlias
    | ConfirmAlias
    | BeginRestoring
    | RegisterVersion
    | EndRestoring
    | RefreshSecret
    | ApplyService
    | ApplyAccount
    | ApplyBudget
    | RemoveBudget
    | BindTokenReviewers
    | ApplyDeployment
    | AdjustDeployment
)


@dataclass(frozen=True)
class Acceptance:
    accepted: bool
    reason: Reason
    message: str


class TrainingPhase(Enum):
    """Where training of this spec stands, after the decision."""

    FOLLOW = auto()
    PENDING = auto()
    WAITING = auto()
    SUSPENDED = auto()
    COMPLETE = auto()
    FAILED = auto()
    HELD_BACK = auto()


@dataclass(frozen=True)
class HeldTrigger:
    """A trigger that is due and starts nothing yet; `until` is "" where no moment is known."""

    due: Due
    reason: HeldBy
    until: str
    message: str

    @property
    def words(self) -> str:
        until = f" until {self.until}" if self.until else ""
        asks = f"{self.due.trigger} asks for another run ({self.due.message})"
        return f"{asks}, held back{until}: {self.message}"


@dataclass(frozen=True)
class TrainDecision:
    """`not_before`: the moment of the next attempt or of the next run, where one is waited for."""

    phase: TrainingPhase
    message: str = ""
    actions: tuple[Action, ...] = ()
    not_before: str = ""
    held: HeldTrigger | None = None


@dataclass(frozen=True)
class Promotion:
    """What the history tells of a version that got the alias. `dataset` is its digest.

    No version: the registry was restored, and what served is not in it.
    """

    version: int | None
    reason: str
    dataset: str = ""
    decision: str = PROMOTED
    trigger: str | None = None  # None: that of the run


@dataclass(frozen=True)
class PromoteDecision:
    """`promotion`: done with the actions, and to be told before anything else is written."""

    message: str = ""
    waiting: Failure | None = None
    actions: tuple[Action, ...] = ()
    promotion: Promotion | None = None
    not_before: str = ""  # as TrainDecision has it, for the Job that compares


@dataclass(frozen=True)
class RolloutDecision:
    target: Target | None
    obstacle: Failure | None = None
    actions: tuple[Action, ...] = ()
    contested: tuple[str, ...] = ()  # what somebody else writes too and is left alone, in words


@dataclass(frozen=True)
class Plan:
    secrets: tuple[Action, ...]
    acceptance: Acceptance
    train: TrainDecision
    promote: PromoteDecision
    rollout: RolloutDecision
    tidy: tuple[Action, ...] = ()
    contested: tuple[str, ...] = ()  # Secrets, as RolloutDecision has it of the other children

    @property
    def concerns(self) -> tuple[tuple[Action, ...], ...]:
        """One after the other; what goes wrong in one concern does not hold up the next."""
        return (
            self.secrets,
            self.promote.actions,
            self.rollout.actions,
            self.train.actions,
            self.tidy,
        )

    @property
    def rests_on_the_registry(self) -> bool:
        """Whether something is to be done that another look at the registry could forbid."""
        return bool(self.promote.actions or self.rollout.actions or self.train.actions)


@dataclass(frozen=True)
class Refusal:
    """An action that could not be carried out, for the report."""

    action: Action
    message: str
    refused_for_good: bool
    name_taken: bool = False  # an object of that name is somebody else's
