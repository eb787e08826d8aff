"""What a search is told: which settings it may vary and how far, how often, and by which figure.

The operator writes spec.training.search into the environment; `settings` reads it from there.
"""

from typing import Literal

from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel

Metric = Literal["accuracy", "macroF1"]
Rule = Literal["Median", "SuccessiveHalving"]  # by which a trial is given up
Value = int | float | str  # of a setting


class Part(BaseModel):
    model_config = ConfigDict(
        alias_generator=to_camel, populate_by_name=True, frozen=True, extra="forbid"
    )


class Range(Part):
    """All between two ends, which belong to it; what counts is the ratio of two values."""

    min: float = Field(gt=0)
    max: float = Field(gt=0)

    def __contains__(self, value: object) -> bool:
        return isinstance(value, float) and self.min <= value <= self.max


class Choices(Part):
    values: tuple[Value, ...] = Field(min_length=1)

    def __contains__(self, value: object) -> bool:
        return value in self.values


Domain = Range | Choices


class SearchedAugmentation(Part):
    strength: Choices | None = None


class Parameters(Part):
    """Named as in spec.training; what is left out is not varied."""

    learning_rate: Range | None = None
    batch_size: Choices | None = None
    epochs: Choices | None = None
    augmentation: SearchedAugmentation | None = None

    @property
    def domains(self) -> dict[str, Domain]:
        """By the name of the run's setting, in one order."""
        strength = self.augmentation.strength if self.augmentation is not None else None
        every: dict[str, Domain | None] = {
            "augmentation": strength,
            "batch_size": self.batch_size,
            "epochs": self.epochs,
            "learning_rate": self.learning_rate,
        }
        return {name: domain for name, domain in every.items() if domain is not None}


def spec_name(setting: str) -> str:
    """A setting as spec.training names it."""
    return "augmentation.strength" if setting == "augmentation" else to_camel(setting)


class Search(Part):
    parameters: Parameters
    max_trials: int = Field(ge=1)
    pruning: Rule | Literal["None"] = "SuccessiveHalving"
    metric: Metric = "accuracy"  # that of spec.promotion
