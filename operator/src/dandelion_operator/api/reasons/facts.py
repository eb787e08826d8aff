"""What is known of a reason besides the situation that gives it: words, status, Event, next look.

The modules beside this one declare the reasons with these. A condition's rules name the status
beside the reason where they are read; a test holds every status that is told against this record.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import Enum, auto

from dandelion_operator.api.status.conditions import ConditionType

TRUE, FALSE, UNKNOWN = "True", "False", "Unknown"
ACCEPTED, TRAINED, PROMOTED, ROLLED_OUT, READY, DRIFT_DETECTED = ConditionType

# Seconds until a resource is looked at again.
WHILE_ROLLING_OUT = 1.0
WHILE_TRAINING = 3.0
WHILE_BLOCKED = 10.0
WHILE_STUCK = 15.0


class ToldBy(Enum):
    """What makes the Event, a warning, where Accepted or RolledOut turns False for a reason."""

    CONDITION = auto()
    HISTORY = auto()  # by its entry of the same name
    NOBODY = auto()


@dataclass(frozen=True)
class Facts:
    """A reason's own.

    `stands`: the conditions that may carry it, and their status then. `also`: another one that the
    situation may ask for. Where nothing answers, Ready repeats a reason of the others, as False.
    `again`: seconds until the next look, where the next resync would be too late.
    `pod_words`: see `of_a_pod`.
    `may_pass`: trying again can help without anybody changing anything.
    """

    value: str
    doc: str
    stands: Mapping[ConditionType, str]
    also: Mapping[ConditionType, str] = field(default_factory=dict)
    again: Mapping[ConditionType, float] = field(default_factory=dict)
    event: ToldBy = ToldBy.CONDITION
    pod_words: tuple[str, ...] = ()
    may_pass: bool = False


def of_a_pod(value: str, doc: str, *words: str) -> Facts:
    """Of a pod that is wanted and does not run; `words` are those that Kubernetes has for it.

    It holds a run or a rollout up, and is an Event although it is no False.
    """
    kinds = (TRAINED, ROLLED_OUT)
    return Facts(
        value,
        doc,
        stands=dict.fromkeys(kinds, UNKNOWN),
        again=dict.fromkeys(kinds, WHILE_BLOCKED),
        pod_words=words,
    )
