"""`spec.training.search`: which settings of training are searched for, and how long."""

from __future__ import annotations

from enum import StrEnum
from typing import Annotated, Self

from pydantic import Field, model_validator

from dandelion_operator.api.spec.camel import Camel


class Strength(StrEnum):
    NONE = "none"
    LIGHT = "light"
    STRONG = "strong"


class Range(Camel):
    """Drawn on a logarithmic scale."""

    min: float = Field(gt=0, le=1)
    max: float = Field(gt=0, le=1)

    @model_validator(mode="after")
    def has_a_width(self) -> Self:
        if self.min >= self.max:
            raise ValueError("min must be smaller than max")
        return self


class BatchSizes(Camel):
    values: tuple[Annotated[int, Field(ge=2, le=4096)], ...] = Field(min_length=2, max_length=16)


class Epochs(Camel):
    values: tuple[Annotated[int, Field(ge=1, le=1000)], ...] = Field(min_length=2, max_length=16)


class Strengths(Camel):
    values: tuple[Strength, ...] = Field(min_length=2, max_length=3)


class SearchedAugmentation(Camel):
    strength: Strengths


class Parameters(Camel):
    """Named and bounded as in spec.training; what is left out is as it says there."""

    learning_rate: Range | None = None
    batch_size: BatchSizes | None = None
    epochs: Epochs | None = None
    augmentation: SearchedAugmentation | None = None

    @model_validator(mode="after")
    def vary_something(self) -> Self:
        if not self.model_fields_set:
            raise ValueError("name a setting to search for, for example learningRate")
        return self


class Pruning(StrEnum):
    """Whether a trial is given up that falls behind the others, and by which rule."""

    NONE = "None"
    MEDIAN = "Median"
    SUCCESSIVE_HALVING = "SuccessiveHalving"


class Search(Camel):
    parameters: Parameters
    max_trials: int = Field(default=20, ge=2, le=100)
    parallel_trials: int = Field(default=1, ge=1, le=50)
    pruning: Pruning = Pruning.SUCCESSIVE_HALVING


class CrossValidation(Camel):
    folds: int = Field(ge=2, le=10)
