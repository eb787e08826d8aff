"""Where two models differ, for people who look at the pictures themselves."""

from dataclasses import dataclass
from enum import StrEnum

import numpy as np

from dandelion_training.evaluate.answers.record import Answers
from dandelion_training.evaluate.comparison.pairing import Paired

AT_MOST = 100


class Outcome(StrEnum):
    """Who is right where the two differ."""

    CHALLENGER = "challenger"
    CHAMPION = "champion"
    NEITHER = "neither"


@dataclass(frozen=True)
class Answer:
    """What a model said, and the probability it gave it."""

    label: str
    probability: float


@dataclass(frozen=True)
class Disagreement:
    """One image that the two models answered differently."""

    sha256: str
    label: str
    challenger: Answer
    champion: Answer
    outcome: Outcome


def disagreements(
    challenger: Answers, champion: Answers, pairs: Paired, at_most: int = AT_MOST
) -> list[Disagreement]:
    """The compared images that were answered differently, by outcome, and in each outcome the
    surest mistake first.

    Of more than `at_most` each outcome gets its part, so that a challenger's many gains do not
    crowd out its few losses, which are what a person has to see.
    """
    first, second = pairs.predicted
    right, kept = pairs.right
    ours = challenger.probability[pairs.rows[0]]
    theirs = champion.probability[pairs.rows[1]]
    outcome = np.where(right, 0, np.where(kept, 1, 2))
    mistake = np.where(right, theirs, np.where(kept, ours, np.maximum(ours, theirs)))
    # Both outside the shared classes, they said different things: no class is new and lost.
    differ = np.flatnonzero((first != second) | (first == pairs.other))
    order = differ[np.lexsort((-mistake[differ], outcome[differ]))]
    kinds = outcome[order]
    rank = np.arange(len(order)) - np.searchsorted(kinds, kinds)
    chosen = order[np.sort(np.lexsort((kinds, rank))[:at_most])]
    return [
        Disagreement(
            sha256=challenger.sha256[pairs.rows[0][row]].decode(),
            label=pairs.shared[pairs.label[row]],
            challenger=_answer(challenger, int(pairs.rows[0][row])),
            champion=_answer(champion, int(pairs.rows[1][row])),
            outcome=list(Outcome)[outcome[row]],
        )
        for row in chosen.tolist()
    ]


def _answer(answers: Answers, row: int) -> Answer:
    return Answer(answers.classes[answers.predicted[row]], float(answers.probability[row]))
