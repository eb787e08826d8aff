"""How often an artifact's answers were right, as `review import` of training keeps it.

Counts and an interval; what is to be done about them is a trigger's. Called by `storage`.
"""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError

from dandelion_operator.api import moments
from dandelion_operator.api.words import foreign
from dandelion_operator.ports.s3.documents.parsing import parsing
from dandelion_operator.seen.live import LiveAccuracySeen

Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]


class LiveError(Exception):
    """The content is no such document, or one of another artifact."""


class Document(BaseModel):
    model_config = ConfigDict(extra="ignore", frozen=True)

    api_version: Literal["dandelion.dev/live-accuracy/v1"] = Field(alias="apiVersion")
    contract: str
    reviewed: Count
    right: Count
    rejected: Count = 0
    corrections: Count = 0
    lower: Share
    upper: Share
    confidence: Annotated[float, Field(gt=0, lt=1)]
    computed_at: AwareDatetime = Field(alias="computedAt")


def read_live(content: bytes, contract_digest: str) -> LiveAccuracySeen:
    """Raises LiveError, LargeError."""
    try:
        with parsing(content):
            found = Document.model_validate_json(content)
    except ValidationError as error:
        first = error.errors(include_url=False, include_input=False)[0]
        where = ".".join(str(part) for part in first["loc"])
        raise LiveError(foreign(f"{where}: {first['msg']}")) from None
    for sentence, wrong in {
        "it is of another artifact": found.contract != contract_digest,
        f"{found.right} of {found.reviewed} answers are right": found.right > found.reviewed,
        "its bounds are upside down": found.lower > found.upper,
    }.items():
        if wrong:
            raise LiveError(sentence)
    return LiveAccuracySeen(
        reviewed=found.reviewed,
        right=found.right,
        lower=found.lower,
        upper=found.upper,
        confidence=found.confidence,
        computed_at=moments.written(found.computed_at),
        rejected=found.rejected,
        corrections=found.corrections,
    )
