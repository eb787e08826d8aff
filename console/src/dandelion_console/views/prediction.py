"""What a model says of an image: the label, how sure it is, and what else it might be."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from dandelion_console.answer import Answer, Prediction

FIRST = 5


@dataclass(frozen=True)
class Bar:
    """`share` is between 0 and 1, `words` the same in per cent."""

    label: str
    share: float
    words: str


@dataclass(frozen=True)
class ShownPrediction:
    """`number` counts the images from 1; `rest` are the less probable classes."""

    answer_id: str
    number: int
    label: str
    unknown: bool
    bars: tuple[Bar, ...]
    rest: tuple[Bar, ...]
    classes: tuple[str, ...]
    problem: str

    @property
    def index(self) -> int:
        """Of the image in its answer, from 0."""
        return self.number - 1


def shown(answer: Answer) -> list[ShownPrediction]:
    return [
        _shown(answer.id, number, prediction)
        for number, prediction in enumerate(answer.predictions, start=1)
    ]


def _shown(answer_id: str, number: int, prediction: Prediction) -> ShownPrediction:
    bars = tuple(_bars(prediction))
    return ShownPrediction(
        answer_id=answer_id,
        number=number,
        label=prediction.label,
        unknown=prediction.unknown,
        bars=bars[:FIRST],
        rest=bars[FIRST:],
        classes=tuple(sorted(prediction.scores, key=str.casefold)),
        problem=prediction.problem.detail if prediction.problem else "",
    )


def _bars(prediction: Prediction) -> Iterable[Bar]:
    ranked = sorted(prediction.scores.items(), key=lambda item: (-item[1], item[0]))
    for label, share in ranked:
        yield Bar(label, share, f"{100 * share:.1f} %")
