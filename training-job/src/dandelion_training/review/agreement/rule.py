"""What callers agree on: pure.

Callers agree about an image where the last label of each is the same, where they are enough, and
where one of them corrected an answer with it. Who sent without a token is nobody in particular, and
so is no voice for a label; but where such a label is another one, there is no agreement.
"""

from collections.abc import Iterable
from dataclasses import dataclass

from dandelion_training.review.prediction_log import AnswerKey


@dataclass(frozen=True)
class Voice:
    """What somebody said an image shows; `answered` is what the model had said of it. `caller` is
    empty where nobody knows who it was; `time` is RFC 3339 in UTC to the millisecond.
    """

    key: AnswerKey
    image: str
    answered: str
    label: str
    caller: str
    time: str


@dataclass(frozen=True)
class Agreement:
    """`key` is the first of the answers that were corrected so."""

    key: AnswerKey
    image: str
    label: str
    callers: int


def agreements(voices: Iterable[Voice], minimum: int) -> list[Agreement]:
    """By image, where at least `minimum` callers agree."""
    by_image: dict[str, list[Voice]] = {}
    for voice in sorted(voices, key=lambda voice: (voice.time, voice.key, voice.label)):
        by_image.setdefault(voice.image, []).append(voice)
    found = (_agreement(image, heard, minimum) for image, heard in sorted(by_image.items()))
    return [agreement for agreement in found if agreement is not None]


def _agreement(image: str, heard: list[Voice], minimum: int) -> Agreement | None:
    """`heard` is in the order of time."""
    last = {voice.caller: voice.label for voice in heard}
    callers = last.keys() - {""}
    labels = set(last.values())
    if len(labels) != 1 or len(callers) < minimum:
        return None
    (label,) = labels
    # Not only the last voices: once a model has learnt the label, nobody has to correct it again.
    corrected = [
        voice.key
        for voice in heard
        if voice.caller and voice.label == label and voice.answered != label
    ]
    return Agreement(min(corrected), image, label, len(callers)) if corrected else None
