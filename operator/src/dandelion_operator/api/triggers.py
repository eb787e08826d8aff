"""What may start a run, by the word that people read in a status, on a Job and on a version."""

from __future__ import annotations

from enum import StrEnum


class Trigger(StrEnum):
    CREATED = "Created"
    SPEC_CHANGED = "SpecChanged"
    RETRAIN_REQUESTED = "RetrainRequested"
    DATASET_CHANGED = "DatasetChanged"
    SCHEDULE = "Schedule"


# What no person asks for: cooldown and budget hold these back.
AUTOMATIC = frozenset({Trigger.DATASET_CHANGED, Trigger.SCHEDULE})
