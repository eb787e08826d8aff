"""Which images people are asked about, and in which order. Pure.

An image is asked about once, however often it was sent: what it shows is said of the image.
"""

from collections.abc import Callable, Collection, Iterable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain, zip_longest

from dandelion_training.review.prediction_log import Answer, AnswerKey, Told


class Source(StrEnum):
    """Why an image is in the queue. An accuracy can be estimated from the sample alone: who
    corrects an answer chose it because it is wrong, and answers that were given during drift are
    none of the others.
    """

    SAMPLE = "sample"
    CORRECTION = "correction"
    DRIFT = "drift"


@dataclass(frozen=True)
class Item:
    """One image to ask about. `told` is what somebody corrected the answer to, or nothing."""

    answer: Answer
    image: str
    source: Source
    told: str = ""


def queue(
    answers: Iterable[Answer], feedback: Mapping[AnswerKey, Told], decided: Collection[str]
) -> list[Item]:
    """An item an image that was sampled or corrected, or drawn during drift, and is not decided
    yet, the newest answer first. Of an image's answers the newest sampled one stands for it, else
    the newest corrected one, else the newest of the drift. `decided` are images.
    """
    by_image: dict[str, list[Answer]] = {}
    for answer in sorted(answers, key=lambda answer: (answer.time, answer.key), reverse=True):
        if answer.image is not None and answer.image not in decided:
            by_image.setdefault(answer.image, []).append(answer)
    items = []
    for image, same in by_image.items():
        sampled = next((answer for answer in same if answer.sampled), None)
        drifted = next((answer for answer in same if answer.drifted), None)
        corrected = [(answer, _correction(answer, feedback)) for answer in same]
        corrections = [(answer, label) for answer, label in corrected if label]
        told = corrections[0][1] if corrections else ""
        if sampled is not None:
            items.append(Item(sampled, image, Source.SAMPLE, told))
        elif corrections:
            items.append(Item(corrections[0][0], image, Source.CORRECTION, told))
        elif drifted is not None:
            items.append(Item(drifted, image, Source.DRIFT))
    return sorted(items, key=lambda item: item.answer.time, reverse=True)


def _correction(answer: Answer, feedback: Mapping[AnswerKey, Told]) -> str:
    told = feedback.get(answer.key)
    return told.label if told and told.label != answer.label else ""


def selected(items: Iterable[Item], limit: int, is_kept: Callable[[str], bool]) -> list[Item]:
    """The next `limit` items whose image is kept.

    Sample, corrections and drift take turns, so that none keeps the others out. Of corrections the
    most uncertain come first, of the others the newest: a part that was chosen by what was answered
    would be no sample any more, and people may stop amid what they were handed.
    """
    by_source: dict[Source, list[Item]] = {source: [] for source in Source}
    for item in items:
        by_source[item.source].append(item)
    corrections = sorted(by_source[Source.CORRECTION], key=uncertainty)
    turns = chain.from_iterable(
        zip_longest(by_source[Source.SAMPLE], corrections, by_source[Source.DRIFT])
    )
    found: list[Item] = []
    for item in turns:
        if len(found) == limit:
            break
        if item is not None and is_kept(item.image):
            found.append(item)
    return found


def uncertainty(item: Item) -> tuple[bool, float, str]:
    """What sorts the most uncertain first: what may be none of the classes, then the smallest
    margin between the two most probable.
    """
    answer = item.answer
    return not answer.unknown, answer.margin, item.image
