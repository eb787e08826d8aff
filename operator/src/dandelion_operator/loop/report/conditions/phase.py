"""The phase: one word for people, made from the conditions; nothing reads it back."""

from __future__ import annotations

from collections.abc import Sequence

from dandelion_operator.api.reasons import Reason
from dandelion_operator.api.reasons.facts import FALSE, TRUE
from dandelion_operator.api.status.conditions import Condition, ConditionType
from dandelion_operator.seen.conclusions.waiting import WAITING

TRAINING = (Reason.TRAINING_RUNNING, Reason.SEARCH_RUNNING)


def phase(conditions: Sequence[Condition]) -> str:
    by_type = {item.type: item for item in conditions}
    reason = {kind: item.reason for kind, item in by_type.items()}
    status = {kind: item.status for kind, item in by_type.items()}
    is_ready = status.get(ConditionType.READY) == TRUE
    for holds, word in (
        (status.get(ConditionType.ACCEPTED) == FALSE and not is_ready, "Blocked"),
        (reason.get(ConditionType.TRAINED) in TRAINING, "Training"),
        (reason.get(ConditionType.ROLLED_OUT) in (Reason.PROGRESSING, *WAITING), "RollingOut"),
        (is_ready, "Serving"),
        (reason.get(ConditionType.TRAINED) == Reason.SUSPENDED, "Suspended"),
        (reason.get(ConditionType.PROMOTED) == Reason.AWAITING_APPROVAL, "AwaitingApproval"),
        (reason.get(ConditionType.READY) == Reason.SCALED_TO_ZERO, "ScaledToZero"),
        (status.get(ConditionType.TRAINED) == FALSE, "Failed"),
        (
            status.get(ConditionType.ROLLED_OUT) == FALSE
            and status.get(ConditionType.PROMOTED) == TRUE,
            "Degraded",
        ),
    ):
        if holds:
            return word
    return "Pending"
