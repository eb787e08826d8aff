"""The versions that a status tells of, how they compare, and how the one that serves does."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from dandelion_operator.api.status.part import Part, Words


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


class PromotionState(StrEnum):
    DONE = "Done"
    REFUSED = "Refused"


class PromotionRequest(Part):
    """What became of the annotation `dandelion.dev/promote`, as it was last.

    `value` is all of it, `version` the one that it names; `time`: when it was dealt with.
    """

    value: str
    version: str | None = None
    requested_by: Words | None = None
    state: PromotionState
    message: Words = ""
    time: str


class Evaluation(Part):
    """Of the newest version: how it compares with the champion on the same images."""

    dataset_version: str | None = None
    challenger: str
    champion: str | None = None
    images: int | None = None
    difference: float | None = None
    interval: tuple[float, ...] = ()
    verdict: str | None = None
    challenger_only: int | None = None
    champion_only: int | None = None
    both_wrong: int | None = None
    gained: tuple[Words, ...] = ()
    lost: tuple[Words, ...] = ()
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


class Reviews(Part):
    """What people did about the review queue."""

    last_decision_time: str | None = None


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
