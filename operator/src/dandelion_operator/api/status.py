"""The status of a ModelDeployment: the operator's memory, made by `report`, read leniently.

Whatever an older or newer operator wrote must parse; a field that does not is forgotten, and the
loop finds out anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Annotated, Any

from pydantic import (
    AfterValidator,
    BaseModel,
    ConfigDict,
    Field,
    ValidationError,
    model_validator,
)
from pydantic.alias_generators import to_camel

from dandelion_operator.api.words import one_line

HISTORY_LIMIT = 20
CLASS_LIMIT = 200  # a ModelDeployment has to fit into etcd's 1.5 MB
MANY_REJECTED = 0.05
PROMOTED, FOLLOWED_ALIAS, ADOPTED = "Promoted", "FollowedAlias", "Adopted"
RESTORED, TRAINED = "RegistryRestored", "TrainingSucceeded"
REJECTED, UNDECIDED = "Rejected", "Undecided"
FOLLOWED = (PROMOTED, FOLLOWED_ALIAS, ADOPTED, RESTORED)
ADOPTION_NEEDED = "AdoptionNeeded"
# Who or what decided: in the history, and on a version that has or had the alias champion.
GATE, PERSON, OPERATOR = "Gate", "Person", "Operator"
# Text for people, some of it made of what others said.
Words = Annotated[str, AfterValidator(one_line)]


class Part(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True
    )


class RunState(StrEnum):
    PENDING = "Pending"
    RUNNING = "Running"
    SUSPENDED = "Suspended"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"

    @property
    def finished(self) -> bool:
        return self in (RunState.SUCCEEDED, RunState.FAILED)


class ConditionType(StrEnum):
    ACCEPTED = "Accepted"
    TRAINED = "Trained"
    PROMOTED = "Promoted"
    ROLLED_OUT = "RolledOut"
    READY = "Ready"
    DRIFT_DETECTED = "DriftDetected"


class Condition(Part):
    type: ConditionType
    status: str
    reason: str
    message: Words = ""
    observed_generation: int = 0
    last_transition_time: str


class Champion(Part):
    version: str
    run_id: str | None = None
    run: str | None = None
    metrics: dict[str, float] = Field(default_factory=dict)
    digest: str | None = None
    precision: str | None = None
    served_replicas: int = 0


class Challenger(Part):
    version: str
    run_id: str | None = None
    metrics: dict[str, float] = Field(default_factory=dict)
    verdict: str | None = None


class Search(Part):
    """The trials of a run's search. `best` is the best figure of one that came to its end;
    `parameters` are what was chosen, once that is known.
    """

    trials: int
    finished: int = 0
    pruned: int = 0
    failed: int = 0
    best: float | None = None
    parameters: dict[str, Words] = Field(default_factory=dict)


class Training(Part):
    job_name: str | None = None
    run: str
    training_hash: str
    run_id: str | None = None
    progress_percent: int = 0
    stage: Words | None = None
    state: RunState = RunState.PENDING
    started_at: str | None = None
    finished_at: str | None = None
    trigger: str | None = None
    trigger_message: Words | None = None
    decided_at: str | None = None
    reason: Words | None = None
    message: Words | None = None
    dataset_fingerprint: str | None = None
    retrain: str | None = None
    attempts: int = Field(default=1, ge=1)
    execution: str | None = None
    search: Search | None = None
    wish: str = ""  # the training hash, by the name that the first release knows

    @model_validator(mode="before")
    @classmethod
    def one_hash_has_two_names(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        names = ("trainingHash", "training_hash", "wish")
        known = next((value[name] for name in names if name in value), None)
        return {**value, "trainingHash": known, "wish": known}


class KnownSchedule(Part):
    """`since`: moments up to then are served, or were before the operator first saw it."""

    expression: str
    time_zone: str | None = None
    since: str


class WaitingTrigger(Part):
    """A trigger that is due and held back; `until` is left out where no moment is known."""

    trigger: str
    since: str
    until: str | None = None
    reason: str = ""
    message: Words = ""


class Triggers(Part):
    """`new_images`: how many no run has listed; `started_at`: when runs were started by triggers of
    late, the newest first.
    """

    schedule: KnownSchedule | None = None
    next_schedule_time: str | None = None
    new_images: int | None = None
    waiting: WaitingTrigger | None = None
    started_at: tuple[str, ...] = ()


class Addresses(Part):
    """What became of the addresses that a table names: `known` were fetched by a run before."""

    fetched: int = 0
    known: int = 0
    failed: int = 0


class Drift(Part):
    """Of the answers of a served version. `score`: how many times their threshold the furthest of
    its windows are, as many in a row as count: above 1 images have drifted. None while too few were
    compared. `above`: the score above which `triggers.driftAbove` asks for a run, if it does.
    """

    version: str
    score: float | None = None
    above: float | None = None
    window: int | None = None
    statistic: Words | None = None
    pod: str | None = None
    compared_at: str | None = None


class DatasetInfo(Part):
    """The newest version that a run made; `share` is the part of its images that is held out.

    `from_addresses` and `from_reviews` are how many of the images came that way.
    """

    version: str | None = None
    images: int | None = None
    class_count: int | None = None
    classes: tuple[Words, ...] = ()
    holdout: int | None = None
    holdout_by_class: dict[str, int] = Field(default_factory=dict)
    share: float | None = None
    rejected: dict[str, int] = Field(default_factory=dict)
    from_addresses: int | None = None
    from_reviews: int | None = None
    addresses: Addresses | None = None
    warnings: tuple[Words, ...] = ()

    @property
    def rejected_files(self) -> int:
        return sum(self.rejected.values())

    @property
    def rejected_share(self) -> float:
        """Of all files that were taken for images."""
        every = (self.images or 0) + self.rejected_files
        return self.rejected_files / every if every else 0.0

    @property
    def rejects_many(self) -> bool:
        return self.rejected_share > MANY_REJECTED


class Evaluation(Part):
    """Of the newest version: how it compares with the champion on the same images."""

    dataset_version: str | None = None
    challenger: str
    champion: str | None = None
    images: int | None = None
    difference: float | None = None
    interval: tuple[float, ...] = ()
    verdict: str | None = None
    never_answered: tuple[Words, ...] = ()


class LiveAccuracy(Part):
    """How often the version that serves was right, by what people reviewed of the random share.

    `reviewed` got a label, the model's own for `right` of them. `lower` and `upper` hold together
    with `confidence`, however often one looks. `message`: why it is not known.
    """

    version: str
    reviewed: int | None = None
    right: int | None = None
    accuracy: float | None = None
    lower: float | None = None
    upper: float | None = None
    confidence: float | None = None
    rejected: int | None = None
    corrections: int | None = None
    computed_at: str | None = None
    message: Words | None = None


class Figures(Part):
    """What a verdict rests on: `metric` of both models on the same images, and the bounds of their
    difference. Without a champion, the version's own figure.
    """

    metric: str
    challenger: float
    champion: float | None = None
    interval: tuple[float, ...] = ()


class HistoryEntry(Part):
    time: str
    decision: str
    trigger: str | None = None
    dataset: str | None = None
    version: str | None = None
    by: str | None = None
    figures: Figures | None = None
    reason: Words | None = None


class Status(Part):
    observed_generation: int = 0
    conditions: tuple[Condition, ...] = ()
    url: str | None = None
    phase: str | None = None
    champion: Champion | None = None
    challenger: Challenger | None = None
    training: Training | None = None
    triggers: Triggers | None = None
    dataset: DatasetInfo | None = None
    evaluation: Evaluation | None = None
    drift: Drift | None = None
    live_accuracy: LiveAccuracy | None = None
    replicas: int = 0
    selector: str | None = None
    history: tuple[HistoryEntry, ...] = ()

    def condition(self, kind: ConditionType) -> Condition | None:
        return next((item for item in self.conditions if item.type is kind), None)

    @property
    def followed(self) -> str | None:
        """The version that the alias was last followed to, whether or not it serves yet."""
        entries = (item for item in self.history if item.decision in FOLLOWED and item.version)
        newest = next(entries, None)
        if newest is not None:
            return newest.version
        return self.champion.version if self.champion is not None else None

    @property
    def offered(self) -> str | None:
        """The version of a former resource of this name that a person was last asked about."""
        entries = (item for item in self.history if item.decision == ADOPTION_NEEDED)
        newest = next(entries, None)
        return newest.version if newest is not None else None

    def as_json(self) -> dict[str, Any]:
        return self.model_dump(mode="json", by_alias=True, exclude_none=True)


def parse(raw: Mapping[str, Any] | None) -> Status:
    kept = dict(raw or {})
    while True:
        try:
            return Status.model_validate(kept)
        except ValidationError as error:
            for item in error.errors():
                kept.pop(str(item["loc"][0]), None)
