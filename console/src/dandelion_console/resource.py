"""A ModelDeployment as pages read it: leniently, since an older or newer operator wrote its status.

The schema of the API server has checked the types; what is missing or of another shape all the same
is left out, and the rest is shown. Made by `cluster.models`, read by `views`.
"""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

GROUP = "dandelion.dev"
VERSION = "v1alpha1"
PLURAL = "modeldeployments"
RETRAIN = f"{GROUP}/retrain"
PROMOTE = f"{GROUP}/promote"
REQUESTED_BY = f"{GROUP}/requested-by"


class Right(StrEnum):
    """Subresources of `modeldeployments` that the API server does not serve: `create` on one is the
    right to do it. Only RBAC knows them, and the roles of the chart bundle them.
    """

    PREDICT = "predict"
    FEEDBACK = "feedback"
    REVIEW = "review"
    TRAIN = "train"
    INGEST = "ingest"
    PROMOTE = "promote"
    ROLLBACK = "rollback"
    SUSPEND = "suspend"


class Part(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, extra="ignore", frozen=True
    )


class Condition(Part):
    type: str
    status: str
    reason: str = ""
    message: str = ""
    observed_generation: int | None = None
    last_transition_time: str = ""


class Version(Part):
    version: str
    run_id: str | None = None
    metrics: dict[str, float] = Field(default_factory=dict)


class Champion(Version):
    digest: str | None = None
    precision: str | None = None
    served_replicas: int | None = None


class Challenger(Version):
    verdict: str | None = None


class PromotionRequest(Part):
    """What became of the annotation `dandelion.dev/promote`, as it was last."""

    value: str = ""
    version: str | None = None
    requested_by: str | None = None
    state: str = ""
    message: str = ""
    time: str = ""


class Search(Part):
    trials: int
    finished: int = 0
    pruned: int = 0
    failed: int = 0
    best: float | None = None


class Training(Part):
    job_name: str | None = None
    run: str = ""
    state: str = ""
    progress_percent: int = 0
    stage: str | None = None
    started_at: str | None = None
    finished_at: str | None = None
    decided_at: str | None = None
    trigger: str | None = None
    trigger_message: str | None = None
    requested_by: str | None = None
    reason: str | None = None
    message: str | None = None
    attempts: int = 1
    retrain: str | None = None
    search: Search | None = None


class Waiting(Part):
    trigger: str
    since: str = ""
    until: str | None = None
    reason: str = ""
    message: str = ""


class Triggers(Part):
    next_schedule_time: str | None = None
    new_images: int | None = None
    waiting: Waiting | None = None


class Dataset(Part):
    version: str | None = None
    images: int | None = None
    class_count: int | None = None
    classes: tuple[str, ...] = ()
    holdout: int | None = None
    rejected: dict[str, int] = Field(default_factory=dict)
    from_addresses: int | None = None
    from_reviews: int | None = None
    warnings: tuple[str, ...] = ()


class Evaluation(Part):
    challenger: str = ""
    champion: str | None = None
    dataset_version: str | None = None
    images: int | None = None
    difference: float | None = None
    interval: tuple[float, ...] = ()
    verdict: str | None = None
    never_answered: tuple[str, ...] = ()


class Drift(Part):
    version: str = ""
    score: float | None = None
    statistic: str | None = None
    window: int | None = None
    pod: str | None = None
    compared_at: str | None = None


class LiveAccuracy(Part):
    version: str = ""
    reviewed: int | None = None
    right: int | None = None
    accuracy: float | None = None
    lower: float | None = None
    upper: float | None = None
    confidence: float | None = None
    computed_at: str | None = None
    message: str | None = None


class Figures(Part):
    metric: str
    challenger: float
    champion: float | None = None
    interval: tuple[float, ...] = ()


class Receipt(Part):
    """An entry of `status.history`."""

    time: str
    decision: str
    trigger: str | None = None
    dataset: str | None = None
    version: str | None = None
    by: str | None = None
    requested_by: str | None = None
    figures: Figures | None = None
    reason: str | None = None


class Status(Part):
    observed_generation: int = 0
    conditions: tuple[Condition, ...] = ()
    url: str | None = None
    champion: Champion | None = None
    challenger: Challenger | None = None
    promotion_request: PromotionRequest | None = None
    training: Training | None = None
    triggers: Triggers | None = None
    dataset: Dataset | None = None
    evaluation: Evaluation | None = None
    drift: Drift | None = None
    live_accuracy: LiveAccuracy | None = None
    replicas: int | None = None
    history: tuple[Receipt, ...] = ()


class Metadata(Part):
    name: str
    namespace: str = ""
    uid: str = ""
    generation: int = 0
    creation_timestamp: str = ""
    deletion_timestamp: str | None = None
    annotations: dict[str, str] = Field(default_factory=dict)


class DatasetSpec(Part):
    storage_uri: str = ""


class Promotion(Part):
    mode: str = "Auto"
    metric: str = "accuracy"


class Storage(Part):
    endpoint: str | None = None
    bucket: str | None = None
    secret_ref: dict[str, str] | None = None


class Logging(Part):
    storage_uri: str | None = None


class Serving(Part):
    logging: Logging = Logging()


class Feedback(Part):
    mode: str = "Disabled"
    min_agreement: int | None = None


class Spec(Part):
    suspend: bool = False
    dataset: DatasetSpec = DatasetSpec()
    promotion: Promotion = Promotion()
    storage: Storage = Storage()
    serving: Serving = Serving()
    feedback: Feedback = Feedback()


class ModelDeployment(Part):
    metadata: Metadata
    spec: Spec = Spec()
    status: Status = Status()

    def seen_as(self, uid: str) -> ModelDeployment:
        """The one that somebody saw before: a change of another one of its name is refused."""
        return self.model_copy(update={"metadata": self.metadata.model_copy(update={"uid": uid})})

    def condition(self, kind: str) -> Condition | None:
        return next((item for item in self.status.conditions if item.type == kind), None)

    @property
    def retrain(self) -> str:
        """For which value of the annotation its model was asked for last."""
        return self.metadata.annotations.get(RETRAIN, "")

    @property
    def promote(self) -> str:
        """Which version was asked for last by the annotation, and what makes it another request."""
        return self.metadata.annotations.get(PROMOTE, "")

    @property
    def signature(self) -> tuple[str, str]:
        """What was asked for last by somebody who signed, and who that was; both may be empty."""
        request, _, name = self.metadata.annotations.get(REQUESTED_BY, "").partition(" by ")
        return (request, name) if name else ("", "")


SomePart = TypeVar("SomePart", bound=Part)


def parse(body: Mapping[str, Any]) -> ModelDeployment:
    """Raises ValidationError where it has no name."""
    return ModelDeployment(
        metadata=Metadata.model_validate(body.get("metadata")),
        spec=_what_fits(Spec, body.get("spec")),
        status=_what_fits(Status, body.get("status")),
    )


def _what_fits(kind: type[SomePart], raw: Any) -> SomePart:
    kept = dict(raw) if isinstance(raw, Mapping) else {}
    while True:
        try:
            return kind.model_validate(kept)
        except ValidationError as error:
            for item in error.errors():
                kept.pop(str(item["loc"][0]), None)
