"""What is stored of a search: what a trial was begun with, how far it is, and what came of it.

A result names all that it rests on, so that it is true by itself, whatever else is there. `library`
reads and writes these.
"""

from enum import StrEnum
from typing import TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.alias_generators import to_camel

from dandelion_training.evaluate.validation import ValidationFigures
from dandelion_training.ports.documents import canonical_json
from dandelion_training.ports.settings.search import Metric, Value, spec_name


class Record(BaseModel):
    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)


Found = TypeVar("Found", bound=Record)


class Basis(Record):
    """What all trials and the training after them rest on, whatever has come since: a dataset
    version, and the weights that learning starts from, which it was split for.
    """

    dataset: str
    initial_weights: str


class BegunTrial(Record):
    """What a trial tries, by the names of a run's settings."""

    parameters: dict[str, Value]


class LearningCurve(Record):
    """The metric after each step. A step is an epoch, from 1; those of each further fold follow."""

    values: dict[int, float] = Field(default_factory=dict)


class Outcome(StrEnum):
    """How a trial ended; a failed one says nothing about the others."""

    COMPLETE = "Complete"
    PRUNED = "Pruned"
    FAILED = "Failed"


class TrialResult(Record):
    """`value` is the metric at the end of a complete trial, the mean where there are folds, whose
    figures stand in `folds`. `seconds` were spent learning. `message` says why a trial failed.
    """

    trial: int
    dataset: str
    parameters: dict[str, Value]
    outcome: Outcome
    value: float | None = None
    folds: tuple[ValidationFigures, ...] = ()
    values: dict[int, float] = Field(default_factory=dict)
    seconds: float = 0.0
    message: str = ""


class Winner(Record):
    """The parameters that the model is trained with, and what they were chosen from."""

    trial: int
    parameters: dict[str, Value]
    metric: Metric
    value: float
    trials: int
    pruned: int
    failed: int

    @property
    def by_spec(self) -> dict[str, Value]:
        """The parameters by the names that they have in spec.training."""
        return {spec_name(name): value for name, value in sorted(self.parameters.items())}


def written(record: Record) -> bytes:
    return canonical_json(record.model_dump(mode="json", by_alias=True))


def read(kind: type[Found], content: bytes | None) -> Found | None:
    """Nothing where there is nothing, or nothing whole."""
    if content is None:
        return None
    try:
        return kind.model_validate_json(content)
    except ValidationError:
        return None
