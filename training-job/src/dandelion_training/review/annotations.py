"""What a reviewer wrote down, and the decisions that follow from it. Pure."""

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass

from dandelion_training.review.decisions import Decision
from dandelion_training.review.prediction_log import Answer, AnswerKey
from dandelion_training.review.queue import Source

REJECT = "_reject"
"""How a rejected image is written where only the name of a class fits."""


@dataclass(frozen=True)
class Annotation:
    """One image's label; None rejects it. `where` leads a person to it: `line 3`, `task 7`."""

    where: str
    key: AnswerKey
    image: str
    source: Source
    label: str | None
    by: str = ""
    time: str = ""
    """RFC 3339 in UTC to the millisecond; empty: the time of the import."""


class UnreadableError(Exception):
    """What a reviewer gave back cannot be read; the message names the place and the way out."""


@dataclass(frozen=True)
class Returned:
    """All that was given back. `undecided` counts the images that nothing is said about."""

    annotations: tuple[Annotation, ...]
    undecided: int = 0


@dataclass(frozen=True)
class Outcome:
    """Where there is a problem nothing is to be written, so that nothing is half done."""

    decisions: tuple[Decision, ...]
    problems: tuple[str, ...]
    known: int
    """How many say what was decided already."""
    outdated: int
    """How many are older than another decision about their image."""
    confirmed: int
    """How many of the decisions are what the model answered."""


def decide(
    annotations: Iterable[Annotation],
    answers: Mapping[AnswerKey, Answer],
    new_labels: Collection[str],
    current: Mapping[str, Decision],
    by: str,
    now: str,
) -> Outcome:
    """`answers` are those that are annotated, where the log has them; `current` is what counts of
    an image. Whoever imports the same twice decides nothing the second time.
    """
    newest = max(answers.values(), key=lambda answer: answer.time, default=None)
    classes = [*(newest.scores if newest else ()), *new_labels]
    problems: list[str] = []
    found: dict[str, tuple[Annotation, Decision]] = {}
    settled: dict[str, Annotation] = {}
    known = outdated = confirmed = 0
    for annotation in annotations:
        answer = answers.get(annotation.key)
        if answer is None and _is_settled(annotation, current.get(annotation.image), now):
            # A project of long standing has tasks whose answers are older than what is read.
            other = settled.setdefault(annotation.image, annotation)
            settled[annotation.image] = max(other, annotation, key=lambda one: one.time)
            continue
        problem = _problem(annotation, answer, classes)
        if problem:
            problems.append(f"{annotation.where}: {problem}")
            continue
        decision = _decision(annotation, answers[annotation.key], by, now)
        before = found.get(annotation.image)
        if before and before[1].says() != decision.says() and before[1].time == decision.time:
            problems.append(
                f"{annotation.where}: it says {_said(decision)}, and {before[0].where} says"
                f" {_said(before[1])} of the same image: keep one of the two"
            )
        elif before is None or before[1].time <= decision.time:
            found[annotation.image] = annotation, decision
    for image, annotation in settled.items():
        is_known = annotation.label == current[image].says()
        known, outdated = known + is_known, outdated + (not is_known)
    decisions = []
    for annotation, decision in found.values():
        counts = current.get(decision.image)
        if counts and counts.says() == decision.says():
            known += 1
            continue
        if counts and counts.time >= decision.time:
            outdated += 1
            continue
        decisions.append(decision)
        confirmed += decision.label == answers[annotation.key].label
    return Outcome(tuple(decisions), tuple(problems), known, outdated, confirmed)


def _is_settled(annotation: Annotation, counts: Decision | None, now: str) -> bool:
    """Whether it changes nothing about what counts of its image."""
    return counts is not None and (
        counts.says() == annotation.label or counts.time >= _time(annotation, now)
    )


def _time(annotation: Annotation, now: str) -> str:
    """A clock that is ahead must not keep later decisions from counting."""
    return min(annotation.time or now, now)


def _problem(annotation: Annotation, answer: Answer | None, classes: Collection[str]) -> str:
    if answer is None:
        return (
            f"the log has no answer {annotation.key.id!r} with index {annotation.key.index}; where"
            " it is older, write a longer --since"
        )
    if answer.image != annotation.image:
        return f"the answer {annotation.key.id!r} was of another image than {annotation.image}"
    if annotation.label is not None and annotation.label not in classes:
        return (
            f"{annotation.label!r} is none of the classes {', '.join(classes)}; where it shall be"
            f" a new one, write --new-label {annotation.label!r}"
        )
    return ""


def _decision(annotation: Annotation, answer: Answer, by: str, now: str) -> Decision:
    is_no_sample = annotation.source is Source.SAMPLE and not answer.sampled
    return Decision(
        id=annotation.key.id,
        index=annotation.key.index,
        imageSha256=annotation.image,
        label=annotation.label,
        reject=annotation.label is None,
        # Whatever came back: an accuracy is estimated from what was drawn by lot alone.
        source=Source.CORRECTION if is_no_sample else annotation.source,
        answered=answer.label,
        contract=answer.contract,
        version=answer.version,
        by=annotation.by or by,
        time=_time(annotation, now),
    )


def _said(decision: Decision) -> str:
    return "reject" if decision.label is None else repr(decision.label)
