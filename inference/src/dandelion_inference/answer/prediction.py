"""What the service answers for one image."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import TypeVar

import numpy as np
from dandelion_pictures import Kind, Reader, Unreadable
from numpy.typing import NDArray

from dandelion_inference.answer.certainty import Certainty, certainty
from dandelion_inference.answer.engine import Alone, LargeImage, Work
from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.model.contract import Calibration
from dandelion_inference.model.network import Model, Outputs
from dandelion_inference.ports.memory import return_freed_memory

Result = TypeVar("Result")
Step = TypeVar("Step")

REFUSALS = {
    Kind.EMPTY: Code.EMPTY_UPLOAD,
    Kind.NOT_AN_IMAGE: Code.NOT_AN_IMAGE,
    Kind.UNSUPPORTED: Code.UNSUPPORTED_FORMAT,
    Kind.TRUNCATED: Code.TRUNCATED_IMAGE,
    Kind.BROKEN: Code.BROKEN_IMAGE,
    Kind.TOO_LARGE: Code.TOO_MANY_PIXELS,
}

# Classes that a refusal lists before it says how many more there are.
NAMED_CLASSES = 20


@dataclass(frozen=True)
class Prediction:
    label: str
    probability: float
    scores: dict[str, float]
    certainty: Certainty | None
    """Whether the image may be none of the classes; None where nobody can tell."""

    @property
    def unknown(self) -> bool | None:
        return None if self.certainty is None else self.certainty.unknown

    @property
    def unknown_score(self) -> float | None:
        return None if self.certainty is None else self.certainty.score


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
    )


def answered(model: Model, outputs: Outputs) -> Prediction:
    """What a model's contract makes of its outputs."""
    contract = model.contract
    return prediction(contract.classes, outputs, contract.calibration)


def classify(reader: Reader, model: Model, images: list[bytes]) -> list[Work[Outcome]]:
    """One piece of work an image. Empties `images`: each is held only until it is decoded.

    An image that cannot be classified does not stop the others. Its refusal names the file where
    there are several.
    """
    many = len(images) > 1
    works = [
        _refusing(_work(reader, model, [data], position + 1 if many else None))
        for position, data in enumerate(images)
    ]
    images.clear()
    return works


def _work(
    reader: Reader, model: Model, held: list[bytes], position: int | None
) -> Work[Prediction]:
    def predict(tensor: NDArray[np.float32], alone: Alone) -> Prediction:
        return answered(model, model.outputs(tensor, alone()))

    return on_image(reader, model, held, predict, position)


def _refusing(work: Work[Prediction]) -> Work[Outcome]:
    """The same work, whose refusal is its answer."""

    def attempt(alone: Alone) -> Outcome | LargeImage[Outcome]:
        try:
            answer = work(alone)
        except RefusedError as error:
            return error.with_traceback(None)  # which would hold the image
        if not isinstance(answer, LargeImage):
            return answer
        rest = answer.rest

        def attempt_rest(alone: Alone) -> Outcome:
            try:
                return rest(alone)
            except RefusedError as error:
                return error.with_traceback(None)

        return LargeImage(attempt_rest)

    return attempt


def on_image(
    reader: Reader,
    model: Model,
    held: list[bytes],
    then: Callable[[NDArray[np.float32], Alone], Result],
    position: int | None = None,
) -> Work[Result]:
    """Decodes the one upload that is `held`, as the model takes it, and goes on with its tensor.

    An image that takes much memory waits its turn among such images. `position` is for the
    refusal of one of several files.
    """

    def work(alone: Alone) -> Result | LargeImage[Result]:
        pending = readable(lambda: reader.open(held.pop(), model.contract.preprocessing))

        def decode(alone: Alone) -> Result:
            try:
                tensor = readable(pending.tensor)
            finally:
                if pending.large:
                    return_freed_memory()
            return then(tensor, alone)

        return LargeImage(decode) if pending.large else decode(alone)

    def readable(step: Callable[[], Step]) -> Step:
        try:
            return step()
        except Unreadable as error:
            refusal = RefusedError(REFUSALS[error.kind], error.words)
            raise refusal if position is None else refusal.about_file(position) from None

    return work


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
