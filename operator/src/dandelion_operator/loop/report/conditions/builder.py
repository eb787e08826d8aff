"""What every condition is made of, and how one is made from what it was before."""

from __future__ import annotations

from dataclasses import dataclass

from dandelion_operator.api.reasons import Reason
from dandelion_operator.api.status import Status
from dandelion_operator.api.status.conditions import Condition, ConditionType

MESSAGE_LIMIT = 1024

# Status, reason and message: a condition without its type and times.
PartialCondition = tuple[str, Reason, str]


@dataclass(frozen=True)
class ConditionBuilder:
    """Makes a condition; the transition time moves only when True/False/Unknown does."""

    previous: Status
    generation: int
    now: str

    def __call__(self, kind: ConditionType, status: str, reason: Reason, message: str) -> Condition:
        before = self.previous.condition(kind)
        since = self.now
        if before is not None and before.status == status:
            since = before.last_transition_time
        return Condition(
            type=kind,
            status=status,
            reason=reason.value,
            message=message[:MESSAGE_LIMIT],
            observed_generation=self.generation,
            last_transition_time=since,
        )
