"""How a network does on the part of the training side that it did not learn from.

Trials of a search are compared by these figures and folds of a cross-validation tell them; the
holdout has no part in either. `run/validation` calls `validated` after an epoch.
"""

from collections.abc import Iterable

import numpy as np
import torch
from pydantic import BaseModel, ConfigDict, Field
from pydantic.alias_generators import to_camel
from torch import nn

from dandelion_training.evaluate.figures.confusion import Confusion
from dandelion_training.ports.settings.search import Metric


class ValidationFigures(BaseModel):
    """Shares between 0 and 1, of so many images."""

    model_config = ConfigDict(alias_generator=to_camel, populate_by_name=True, frozen=True)

    images: int = Field(ge=1)
    accuracy: float
    macro_f1: float

    def of(self, metric: Metric) -> float:
        return self.accuracy if metric == "accuracy" else self.macro_f1


def validated(
    network: nn.Module, batches: Iterable[tuple[torch.Tensor, torch.Tensor]], classes: int
) -> ValidationFigures:
    """`batches` are NCHW images, at least one of them, and the indices of their classes."""
    truth: list[int] = []
    predicted: list[int] = []
    network.eval()
    with torch.inference_mode():
        for inputs, targets in batches:
            answers = network(inputs.contiguous(memory_format=torch.channels_last))
            predicted += answers.argmax(dim=1).tolist()
            truth += targets.tolist()
    confusion = Confusion.counted(np.array(truth), np.array(predicted), classes)
    return ValidationFigures(
        images=confusion.images, accuracy=confusion.accuracy, macro_f1=confusion.macro_f1
    )
