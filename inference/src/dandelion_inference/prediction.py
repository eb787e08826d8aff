"""What the service answers for one image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass

from dandelion_inference.engine import Work
from dandelion_inference.errors import RefusedError
from dandelion_inference.image import ImageReader
from dandelion_inference.model import Model


@dataclass(frozen=True)
class Prediction:
    label: str
    probability: float
    scores: dict[str, float]


def prediction(classes: Sequence[str], probabilities: Sequence[float]) -> Prediction:
    """The most probable class, and how probable each is."""
    best = max(range(len(classes)), key=probabilities.__getitem__)
    return Prediction(
        label=classes[best],
        probability=probabilities[best],
        scores=dict(zip(classes, probabilities, strict=True)),
    )


def classify(reader: ImageReader, model: Model, images: list[bytes]) -> list[Work[Prediction]]:
    """One piece of work an image. Empties `images`: each is held only until it is decoded.

    The works raise RefusedError, which names the file where there are several.
    """
    many = len(images) > 1
    works = [
        _work(reader, model, [data], position + 1 if many else None)
        for position, data in enumerate(images)
    ]
    images.clear()
    return works


def _work(
    reader: ImageReader, model: Model, held: list[bytes], position: int | None
) -> Work[Prediction]:
    def work(alone: Callable[[], bool]) -> Prediction:
        try:
            tensor = reader.tensor(held.pop(), model.contract.preprocessing)
        except RefusedError as refusal:
            raise refusal if position is None else refusal.about_file(position) from refusal
        return prediction(model.contract.classes, model.probabilities(tensor, alone()))

    return work
