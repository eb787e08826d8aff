"""What the service answers for one image."""

from __future__ import annotations

import heapq
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from operator import itemgetter
from typing import TypeVar

import numpy as np
from dandelion_pictures import Kind, Reader, Unreadable
from numpy.typing import NDArray

from dandelion_inference.answer.engine import Alone, LargeImage, Work
from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.intake.encodings import is_address
from dandelion_inference.model.network import Model
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

# A service that fetches what a client names is a way into networks that the client cannot reach
# (server-side request forgery, CWE-918), waits for strangers, and tells them what is asked here.
NOT_FETCHED = (
    "This is an address, and nothing is fetched from elsewhere: the service would reach what its "
    "clients must not, wait for servers that nobody vouches for, and tell them what it is asked. "
    "Fetch the image yourself and send its bytes."
)

# Classes that a refusal lists before it says how many more there are.
NAMED_CLASSES = 20


@dataclass(frozen=True)
class Prediction:
    label: str
    probability: float
    scores: dict[str, float]
    unknown: bool | None
    """Whether the image may be none of the classes; None where nobody can tell."""

    def most_probable(self, top: int) -> list[tuple[str, float]]:
        """So many classes with their probabilities, the most probable first; of equally probable
        ones the one that comes first among the model's."""
        return heapq.nlargest(top, self.scores.items(), key=itemgetter(1))


# What becomes of one image.
Outcome = Prediction | RefusedError


def prediction(
    classes: Sequence[str], probabilities: Sequence[float], threshold: float | None = None
) -> Prediction:
    """The most probable class, and how probable each is.

    An image is unknown where even that one is less probable than `threshold`.
    """
    best = max(range(len(classes)), key=probabilities.__getitem__)
    return Prediction(
        label=classes[best],
        probability=probabilities[best],
        scores=dict(zip(classes, probabilities, strict=True)),
        unknown=None if threshold is None else probabilities[best] < threshold,
    )


def answered(model: Model, probabilities: Sequence[float]) -> Prediction:
    """What a model's contract makes of its probabilities."""
    contract = model.contract
    return prediction(contract.classes, probabilities, contract.calibration.unknown_threshold)


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
        return answered(model, model.probabilities(tensor, alone()))

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
        if is_address(held[0]):
            raise about(RefusedError(Code.ADDRESS_NOT_FETCHED, NOT_FETCHED))
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
            raise about(RefusedError(REFUSALS[error.kind], error.words)) from None

    def about(refusal: RefusedError) -> RefusedError:
        return refusal if position is None else refusal.about_file(position)

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
