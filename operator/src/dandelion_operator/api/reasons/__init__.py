"""Every reason that a condition of a ModelDeployment can carry, each with all that belongs to it.

People read these in `kubectl get mdep -o yaml` and write alerts on them, so the list is the only
place a reason may come from: who observes and who decides gives one with words of the case (a
`Failure`), `report` puts it into a condition and makes its Event, and `pace` knows by it when to
look again. Each is declared in the module of what it is about. The table of
docs/troubleshooting.md is checked against the list.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dandelion_operator.api.reasons import (
    accepted,
    drift_detected,
    pods,
    promoted,
    ready,
    rolled_out,
    trained,
)
from dandelion_operator.api.reasons.facts import UNKNOWN, Facts
from dandelion_operator.api.status.conditions import ConditionType


class Reason(StrEnum):
    facts: Facts

    def __new__(cls, facts: Facts) -> Reason:
        member = str.__new__(cls, facts.value)
        member._value_ = facts.value
        member.facts = facts
        return member

    @classmethod
    def known(cls, value: str) -> Reason | None:
        """None for a reason of another version of this operator."""
        return next((reason for reason in cls if reason.value == value), None)

    def status(self, kind: ConditionType) -> str:
        """In that condition, unless the situation says otherwise; Unknown where it has no stand."""
        return self.facts.stands.get(kind, UNKNOWN)

    VALID = accepted.VALID
    INVALID_SPEC = accepted.INVALID_SPEC
    NAMESPACE_NOT_ENABLED = accepted.NAMESPACE_NOT_ENABLED
    STORAGE_UNREACHABLE = accepted.STORAGE_UNREACHABLE
    CREDENTIALS_REJECTED = accepted.CREDENTIALS_REJECTED
    BUCKET_NOT_FOUND = accepted.BUCKET_NOT_FOUND
    DATASET_EMPTY = accepted.DATASET_EMPTY
    DATASET_LISTING = accepted.DATASET_LISTING
    DATASET_NOT_ALLOWED = accepted.DATASET_NOT_ALLOWED
    IMAGE_NOT_ALLOWED = accepted.IMAGE_NOT_ALLOWED
    SECRET_MISSING = accepted.SECRET_MISSING
    IDENTITY_MISSING = accepted.IDENTITY_MISSING
    LOG_UNAVAILABLE = accepted.LOG_UNAVAILABLE

    TRAINING_COMPLETE = trained.TRAINING_COMPLETE
    TRAINING_FAILED = trained.TRAINING_FAILED
    TRAINING_RUNNING = trained.TRAINING_RUNNING
    SEARCH_RUNNING = trained.SEARCH_RUNNING
    TRAINING_PENDING = trained.TRAINING_PENDING
    SUSPENDED = trained.SUSPENDED
    NOT_STARTED = trained.NOT_STARTED

    PODS_REFUSED = pods.PODS_REFUSED
    UNSCHEDULABLE = pods.UNSCHEDULABLE
    IMAGE_PULL_FAILED = pods.IMAGE_PULL_FAILED
    VOLUME_UNAVAILABLE = pods.VOLUME_UNAVAILABLE
    CONTAINER_NOT_CREATED = pods.CONTAINER_NOT_CREATED
    EVICTED = pods.EVICTED

    VERSION_PROMOTED = promoted.VERSION_PROMOTED
    GATE_FAILED = promoted.GATE_FAILED
    UNDECIDED = promoted.UNDECIDED
    EVALUATION_RUNNING = promoted.EVALUATION_RUNNING
    EVALUATION_FAILED = promoted.EVALUATION_FAILED
    NO_VERSION = promoted.NO_VERSION
    ALIAS_MISSING = promoted.ALIAS_MISSING
    ARTIFACT_REJECTED = promoted.ARTIFACT_REJECTED
    ADOPTION_NEEDED = promoted.ADOPTION_NEEDED
    REGISTRY_UNREACHABLE = promoted.REGISTRY_UNREACHABLE
    REGISTRY_LOST = promoted.REGISTRY_LOST
    AWAITING_APPROVAL = promoted.AWAITING_APPROVAL
    OBSERVE_ONLY = promoted.OBSERVE_ONLY

    REPLICAS_AVAILABLE = rolled_out.REPLICAS_AVAILABLE
    PROGRESS_DEADLINE_EXCEEDED = rolled_out.PROGRESS_DEADLINE_EXCEEDED
    PAUSED = rolled_out.PAUSED
    PROGRESSING = rolled_out.PROGRESSING
    SCALED_TO_ZERO = rolled_out.SCALED_TO_ZERO
    NAME_TAKEN = rolled_out.NAME_TAKEN
    CONTESTED = rolled_out.CONTESTED
    CHILD_REFUSED = rolled_out.CHILD_REFUSED
    AUTH_UNAVAILABLE = rolled_out.AUTH_UNAVAILABLE

    SERVING = ready.SERVING
    NOT_ANSWERING = ready.NOT_ANSWERING

    IMAGES_DRIFTED = drift_detected.IMAGES_DRIFTED
    NO_DRIFT = drift_detected.NO_DRIFT
    TOO_FEW_ANSWERS = drift_detected.TOO_FEW_ANSWERS
    DRIFT_NOT_TOLD = drift_detected.DRIFT_NOT_TOLD
    NOTHING_SERVES = drift_detected.NOTHING_SERVES


@dataclass(frozen=True)
class Failure:
    """What stands in the way, as a value: a reason, and the words that belong to this case."""

    reason: Reason
    message: str

    @property
    def may_pass(self) -> bool:
        """Whether trying again can help without anybody changing anything."""
        return self.reason.facts.may_pass


def name_taken(kind: str, name: str, or_else: str = "rename the ModelDeployment") -> Failure:
    """An object that the operator needs to make is there already, and not its own."""
    return Failure(
        Reason.NAME_TAKEN,
        f"the {kind} {name} belongs to somebody else and is left alone: delete it, or {or_else}",
    )
