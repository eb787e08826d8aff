"""What a person wants to see of a model: its worst mistakes, and where it differs from another.

Each is one bounded file, however large the holdout: 50 mistakes, or 100 disagreements, with small
pictures. The caller says how a picture is got; one that cannot be had leaves its card without.
"""

import io
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from dandelion_training.evaluate.answers.record import Answers
from dandelion_training.evaluate.comparison.bootstrap import QUANTILES
from dandelion_training.evaluate.comparison.disagreements import Disagreement, Outcome
from dandelion_training.evaluate.comparison.record import Comparison
from dandelion_training.publish.sheet_page import Card, Line, Page, Part, Section, html, percent

WORST = 50
SIDE = 128  # pixels of a thumbnail's longer side
QUALITY = 80
NAMED = 10  # classes that a sentence lists

HEADINGS = {
    Outcome.CHALLENGER: "Only the challenger is right",
    Outcome.CHAMPION: "Only the champion is right",
    Outcome.NEITHER: "Neither is right, and they differ",
}
NOTES = {
    Outcome.CHALLENGER: "What a promotion would mend.",
    Outcome.CHAMPION: "What a promotion would break.",
    Outcome.NEITHER: "Look for wrong labels here first.",
}


@dataclass(frozen=True)
class Picture:
    """An image of the dataset for people: where it lies, and a JPEG of it; empty where there is
    none.
    """

    key: str
    thumbnail: bytes


@dataclass(frozen=True)
class Mistake:
    """A wrong answer, and the probability that it was given."""

    sha256: str
    label: str
    predicted: str
    probability: float


Pictures = Callable[[str], Picture]  # by digest


def thumbnail(pixels: NDArray[np.uint8], side: int = SIDE) -> bytes:
    """A JPEG of at most `side` pixels a side, from height × width × 3."""
    image = Image.fromarray(pixels)
    image.thumbnail((side, side))
    file = io.BytesIO()
    image.save(file, "JPEG", quality=QUALITY)
    return file.getvalue()


def worst_mistakes(answers: Answers, at_most: int = WORST) -> list[Mistake]:
    """The wrong answers that the model was surest of, the surest first."""
    wrong = np.flatnonzero(answers.predicted != answers.label)
    order = wrong[np.argsort(-answers.probability[wrong], kind="stable")][:at_most]
    return [
        Mistake(
            sha256=answers.sha256[row].decode(),
            label=answers.classes[answers.label[row]],
            predicted=answers.classes[answers.predicted[row]],
            probability=float(answers.probability[row]),
        )
        for row in order.tolist()
    ]


def mistakes_sheet(model: str, answers: Answers, pictures: Pictures) -> bytes:
    """The worst mistakes as an HTML file; `model` names it for people, as in "lawn, version 3"."""
    images = len(answers)
    wrong = int((answers.predicted != answers.label).sum())
    found = worst_mistakes(answers)
    cards = [
        _card(m.sha256, m.label, pictures, Line("", m.predicted, m.probability, right=False))
        for m in found
    ]
    note = "The surest mistakes come first: look for wrong labels among them."
    section = Section(
        f"The {len(cards)} it was surest of" if len(cards) < wrong else "All of its mistakes",
        note,
        cards,
    )
    nothing = Section("No mistakes", "Every image of the holdout was answered rightly.", ())
    return html(
        Page(
            title="Worst mistakes",
            subtitle=model,
            facts=(
                ("Accuracy", percent(1 - wrong / images)),
                ("Wrong", f"{wrong:,} of {images:,}"),
                ("Classes", f"{len(answers.classes):,}"),
                ("Dataset version", _short(answers.dataset)),
            ),
            sections=(section if cards else nothing,),
        )
    )


def disagreements_sheet(
    challenger: str,
    champion: str,
    comparison: Comparison,
    found: Sequence[Disagreement],
    pictures: Pictures,
) -> bytes:
    """Two models side by side as an HTML file; both are named for people."""
    both = comparison.both
    return html(
        Page(
            title="Where they disagree",
            subtitle=f"Challenger {challenger} against champion {champion}",
            facts=_facts(comparison),
            parts=(
                Part("Both right", both.right, "same"),
                Part("Only challenger", both.challenger_only, "gain"),
                Part("Only champion", both.champion_only, "loss"),
                Part("Both wrong", both.wrong, "both"),
            ),
            notes=_notes(comparison),
            sections=_sections(found, pictures)
            or (Section("No disagreement", "They answered every compared image alike.", ()),),
        )
    )


def _sections(found: Sequence[Disagreement], pictures: Pictures) -> tuple[Section, ...]:
    sections = []
    for outcome in Outcome:
        cards = [
            _card(
                item.sha256,
                item.label,
                pictures,
                Line(
                    "Challenger",
                    item.challenger.label,
                    item.challenger.probability,
                    right=item.challenger.label == item.label,
                ),
                Line(
                    "Champion",
                    item.champion.label,
                    item.champion.probability,
                    right=item.champion.label == item.label,
                ),
            )
            for item in found
            if item.outcome is outcome
        ]
        if cards:
            shown = "1 image, " if len(cards) == 1 else f"{len(cards)} images, "
            note = f"{shown}the surest mistake first. {NOTES[outcome]}"
            sections.append(Section(HEADINGS[outcome], note, cards))
    return tuple(sections)


def _facts(comparison: Comparison) -> tuple[tuple[str, str], ...]:
    ours, theirs = comparison.accuracy
    f1, other_f1 = comparison.macro_f1
    low, high = (comparison.bootstrap[QUANTILES.index(share)] for share in (0.025, 0.975))
    return (
        ("Accuracy", f"{percent(ours)} against {percent(theirs)}"),
        ("Macro F1", f"{f1:.3f} against {other_f1:.3f}"),
        ("Difference of macro F1, 95 %", f"{_signed(low)} to {_signed(high)}"),
        ("Images compared", f"{comparison.both.images:,}"),
        ("Classes in common", f"{len(comparison.shared):,}"),
        ("Dataset version", _short(comparison.dataset)),
    )


def _notes(comparison: Comparison) -> list[str]:
    never, champion_never = comparison.never_answered
    sentences = {
        "New classes of the challenger, whose images are not compared": comparison.gained,
        "Classes of the champion that the challenger does not have": comparison.lost,
        "Never answered by the challenger": never,
        "Never answered by the champion": champion_never,
    }
    return [f"{start}: {_listed(names)}." for start, names in sentences.items() if names]


def _listed(names: Sequence[str]) -> str:
    more = len(names) - NAMED
    return ", ".join(names[:NAMED]) + (f" and {more:,} more" if more > 0 else "")


def _card(sha256: str, label: str, pictures: Pictures, *lines: Line) -> Card:
    picture = pictures(sha256)
    return Card(picture.key, label, picture.thumbnail, lines)


def _signed(difference: float) -> str:
    return f"{difference:+.3f}".replace("-", "\N{MINUS SIGN}")


def _short(digest: str) -> str:
    return digest.removeprefix("sha256:")[:12]
