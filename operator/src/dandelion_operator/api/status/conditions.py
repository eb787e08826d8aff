"""The conditions of a ModelDeployment."""

from __future__ import annotations

from enum import StrEnum

from dandelion_operator.api.status.part import Part, Words


class ConditionType(StrEnum):
    ACCEPTED = "Accepted"
    TRAINED = "Trained"
    PROMOTED = "Promoted"
    ROLLED_OUT = "RolledOut"
    READY = "Ready"
    DRIFT_DETECTED = "DriftDetected"


class Condition(Part):
    type: ConditionType
    status: str
    reason: str
    message: Words = ""
    observed_generation: int = 0
    last_transition_time: str
