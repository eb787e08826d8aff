"""The status of a ModelDeployment as pages read it, and what each part of one is.

What is missing or of another shape is left out; see `resource`.
"""

from __future__ import annotations

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel


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


class Ingest(Part):
    """What became of the annotation `dandelion.dev/ingest`, as it was last."""

    value: str = ""
    state: str = ""
    job_name: str | None = None
    progress_percent: int = 0
    stage: str | None = None
    requested_by: str | None = None
    started_at: str | None = None
    finished_at: str | None = None
    reason: str | None = None
    message: str = ""
    dataset_version: str | None = None
    since: str | None = None


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
    challenger_only: int | None = None
    champion_only: int | None = None
    both_wrong: int | None = None
    gained: tuple[str, ...] = ()
    lost: tuple[str, ...] = ()
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
    ingest: Ingest | None = None
    training: Training | None = None
    triggers: Triggers | None = None
    dataset: Dataset | None = None
    evaluation: Evaluation | None = None
    drift: Drift | None = None
    live_accuracy: LiveAccuracy | None = None
    replicas: int | None = None
    history: tuple[Receipt, ...] = ()
