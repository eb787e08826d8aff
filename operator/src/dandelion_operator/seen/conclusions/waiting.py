"""Which documented reason belongs to what Kubernetes says of a pod that is wanted and does not run.

The words are the reasons' own. Used by `observe` for what it reads of Jobs, and by `report`, which
reads those of serving pods and tells of both.
"""

from __future__ import annotations

from collections.abc import Mapping

from dandelion_operator.api.reasons import Failure, Reason

PENDING_REASONS: Mapping[str, Reason] = {
    word: reason for reason in Reason for word in reason.facts.pod_words
}
WAITING = frozenset(PENDING_REASONS.values())


def waiting(word: str, message: str, otherwise: Reason) -> Failure:
    """`otherwise`: for a word of Kubernetes that has no reason of its own here."""
    said = f"{word}: {message}" if message else word
    return Failure(PENDING_REASONS.get(word, otherwise), said)
