"""What the service answers for one image."""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from operator import itemgetter

import numpy as np
from numpy.typing import NDArray

from dandelion_inference.answer.certainty import Certainty, certainty
from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.model.contract import Calibration
from dandelion_inference.model.network import Model, Outputs

# Classes that a refusal lists before it says how many more there are.
NAMED_CLASSES = 20


@dataclass(frozen=True)
class Prediction:
    label: str
    probability: float
    scores: dict[str, float]
    certainty: Certainty | None
    """Whether the image may be none of the classes; None where nobody can tell."""
    log_density: float | None
    """The network's second output, where it has one."""
    features: NDArray[np.float32] | None = field(default=None, compare=False, repr=False)
    """The network's third output, where it has one."""

    @property
    def unknown(self) -> bool | None:
        return None if self.certainty is None else self.certainty.unknown

    @property
    def unknown_score(self) -> float | None:
        return None if self.certainty is None else self.certainty.score

    def most_probable(self, top: int) -> list[tuple[str, float]]:
        """So many classes with their probabilities, the most probable first; of equally probable
        ones the one that comes first among the model's."""
        return heapq.nlargest(top, self.scores.items(), key=itemgetter(1))


# What becomes of one image.
Outcome = Prediction | RefusedError


def prediction(classes: Sequence[str], outputs: Outputs, calibration: Calibration) -> Prediction:
    """The most probable class, how probable each is, and whether it may be none of them."""
    probabilities = outputs.probabilities
    best = max(range(len(classes)), key=probabilities.__getitem__)
    return Prediction(
        label=classes[best],
        probability=probabilities[best],
        scores=dict(zip(classes, probabilities, strict=True)),
        certainty=certainty(calibration, probabilities[best], outputs.log_density),
        log_density=outputs.log_density,
        features=outputs.features,
    )


def answered(model: Model, outputs: Outputs) -> Prediction:
    """What a model's contract makes of its outputs."""
    contract = model.contract
    return prediction(contract.classes, outputs, contract.calibration)


def require_class(label: str, classes: Sequence[str]) -> None:
    """Raises RefusedError, which names the model's classes, for a label that is none of them."""
    if label in classes:
        return
    named = ", ".join(repr(name) for name in classes[:NAMED_CLASSES])
    rest = len(classes) - NAMED_CLASSES
    more = f" and {rest} more" if rest > 0 else ""
    raise RefusedError(
        Code.UNKNOWN_LABEL, f"{label[:100]!r} is not one of this model's classes: {named}{more}."
    )
