"""What was read of people's reviews: how often the answers of what serves were right, and when
somebody reviewed last.
"""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class ReviewsSeen:
    """`last_decision` is when decisions were imported last, by the endpoint's clock; "": never."""

    last_decision: str


@dataclass(frozen=True)
class LiveAccuracySeen:
    """Of one artifact. `reviewed` answers of the random share got a label, which was the answer's
    own for `right` of them; `rejected` more show none of the subject, and `corrections` were sent
    by somebody, so that they are no sample.

    `lower` and `upper` contain the probability of a right answer with `confidence`, at all moments
    together. `computed_at` is when the sample was last found to have changed, by the clock of
    whoever imported it.
    """

    reviewed: int
    right: int
    lower: float
    upper: float
    confidence: float
    computed_at: str
    rejected: int = 0
    corrections: int = 0

    @property
    def accuracy(self) -> float | None:
        return self.right / self.reviewed if self.reviewed else None
