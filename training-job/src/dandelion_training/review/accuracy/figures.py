"""Which decisions count for the accuracy of a version, and what they come to. Pure.

Counted is the review sample alone: answers that were drawn by lot, whatever they said, and that
people said something about. What somebody corrected was chosen for being wrong, and is only told.
"""

import re
from collections.abc import Iterable
from dataclasses import dataclass

from dandelion_training.review.accuracy.confidence_sequence import CONFIDENCE, ConfidenceSequence
from dandelion_training.review.decisions import Decision
from dandelion_training.review.queue import Source

CONTRACT = re.compile(r"sha256:[0-9a-f]{64}")


@dataclass(frozen=True)
class LiveAccuracy:
    """Of one artifact. `reviewed` answers of the sample got a label, which was the answer's own for
    `right` of them; `rejected` more show none of the subject. `corrections` were sent by somebody.
    """

    contract: str
    """The digest of its contract, by which it is known."""
    version: str
    reviewed: int
    right: int
    rejected: int
    corrections: int
    lower: float
    upper: float
    confidence: float = CONFIDENCE

    @property
    def accuracy(self) -> float | None:
        """None where nothing of the sample got a label."""
        return self.right / self.reviewed if self.reviewed else None


def live_accuracies(decisions: Iterable[Decision]) -> list[LiveAccuracy]:
    """One for each artifact whose answers were reviewed, the one that was decided about last first.

    `decisions` are those that count, one an image: an image that was sent twice is asked about
    once. They are taken in the order in which people decided. A decision belongs to the artifact
    whose answer was shown; what it says of later ones, which may have learnt from it, is not asked.
    """
    by_contract: dict[str, list[Decision]] = {}
    # Those of one moment, in an order that has nothing to do with their answers.
    for decision in sorted(decisions, key=lambda decision: (decision.time, decision.image)):
        if CONTRACT.fullmatch(decision.contract):
            by_contract.setdefault(decision.contract, []).append(decision)
    latest_first = sorted(by_contract.items(), key=lambda found: found[1][-1].time, reverse=True)
    return [_live_accuracy(contract, found) for contract, found in latest_first]


def _live_accuracy(contract: str, decisions: list[Decision]) -> LiveAccuracy:
    sample = [decision for decision in decisions if decision.source is Source.SAMPLE]
    labelled = [decision for decision in sample if not decision.reject]
    sequence = ConfidenceSequence()
    for decision in labelled:
        sequence.add(decision.label == decision.answered)
    return LiveAccuracy(
        contract=contract,
        version=decisions[-1].version,
        reviewed=len(labelled),
        right=sequence.right,
        rejected=len(sample) - len(labelled),
        corrections=sum(decision.source is Source.CORRECTION for decision in decisions),
        lower=sequence.lower,
        upper=sequence.upper,
    )
