"""What the service answers for one image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

from dandelion_inference.engine import Alone, Heavy, Work
from dandelion_inference.errors import RefusedError
from dandelion_inference.image import ImageReader
from dandelion_inference.model import Model

Result = TypeVar("Result")


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
    def work(alone: Alone) -> Prediction | Heavy[Prediction]:
        picture = named(lambda: reader.picture(held.pop(), model.contract.preprocessing))

        def decode_and_judge(alone: Alone) -> Prediction:
            tensor = named(picture.tensor)
            return prediction(model.contract.classes, model.probabilities(tensor, alone()))

        return Heavy(decode_and_judge) if picture.large else decode_and_judge(alone)

    def named(step: Callable[[], Result]) -> Result:
        try:
            return step()
        except RefusedError as refusal:
            raise refusal if position is None else refusal.about_file(position) from refusal

    return work
