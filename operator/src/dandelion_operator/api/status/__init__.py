"""The status of a ModelDeployment: the operator's memory, made by `report`, read leniently.

Whatever an older or newer operator wrote must parse; a field that does not is forgotten, and the
loop finds out anew.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from pydantic import ValidationError

from dandelion_operator.api.status.conditions import Condition, ConditionType
from dandelion_operator.api.status.dataset import DatasetInfo
from dandelion_operator.api.status.history import ADOPTION_NEEDED, FOLLOWED, HistoryEntry
from dandelion_operator.api.status.ingest import Ingest
from dandelion_operator.api.status.part import Part
from dandelion_operator.api.status.training import Training
from dandelion_operator.api.status.triggers import Triggers
from dandelion_operator.api.status.versions import (
    Challenger,
    Champion,
    Drift,
    Evaluation,
    LiveAccuracy,
    PromotionRequest,
    Reviews,
)


class Status(Part):
    observed_generation: int = 0
    conditions: tuple[Condition, ...] = ()
    url: str | None = None
    external_url: str | None = None
    phase: str | None = None
    suspended: bool | None = None
    champion: Champion | None = None
    challenger: Challenger | None = None
    promotion_request: PromotionRequest | None = None
    ingest: Ingest | None = None
    training: Training | None = None
    triggers: Triggers | None = None
    dataset: DatasetInfo | None = None
    evaluation: Evaluation | None = None
    drift: Drift | None = None
    live_accuracy: LiveAccuracy | None = None
    reviews: Reviews | None = None
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
