"""That two artifacts cannot be compared, as a document in the comparison's place.

It follows from what is immutable, two artifacts and a dataset version, so it is found out once: the
operator starts no Job for what a run could not do. What may pass (a file that is missing, storage
that is away) is never written down.
"""

from dataclasses import dataclass
from typing import Annotated, Literal

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from dandelion_training.evaluate.answers.record import Digest
from dandelion_training.evaluate.documents import Unreadable, compact_json, refused

API_VERSION: Literal["dandelion.dev/no-comparison/v1"] = "dandelion.dev/no-comparison/v1"
LONGEST = 1024  # characters of a message


@dataclass(frozen=True)
class Impossible:
    """Digests of the dataset version and of the two contracts, and why, in words for people."""

    dataset: str
    challenger: str
    champion: str
    message: str


def write_impossible(found: Impossible) -> bytes:
    """The document's exact bytes."""
    return compact_json(
        {
            "apiVersion": API_VERSION,
            "dataset": found.dataset,
            "challenger": found.challenger,
            "champion": found.champion,
            "message": found.message[:LONGEST],
        }
    )


class _Document(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)

    api_version: Literal["dandelion.dev/no-comparison/v1"] = Field(alias="apiVersion")
    dataset: Digest
    challenger: Digest
    champion: Digest
    message: Annotated[str, Field(min_length=1, max_length=LONGEST)]


def read_impossible(content: bytes) -> Impossible | Unreadable:
    """The outcome, or why the content is none."""
    try:
        found = _Document.model_validate_json(content)
    except ValidationError as error:
        return refused("the outcome of a comparison", error)
    return Impossible(found.dataset, found.challenger, found.champion, found.message)
