"""`spec.triggers`: what may start a run, and the words for it that people read in a status, on a
Job and on a version.
"""

from __future__ import annotations

from enum import StrEnum
from typing import Self

from pydantic import Field, field_validator, model_validator

from dandelion_operator.api import cron
from dandelion_operator.api.spec.camel import Camel


class Trigger(StrEnum):
    CREATED = "Created"
    SPEC_CHANGED = "SpecChanged"
    RETRAIN_REQUESTED = "RetrainRequested"
    DATASET_CHANGED = "DatasetChanged"
    SCHEDULE = "Schedule"
    NEW_IMAGES = "NewImages"
    DRIFT = "Drift"
    LIVE_ACCURACY = "LiveAccuracy"


QUIET_SECONDS, MAX_WAIT_SECONDS = 300, 86_400

# What no person asks for: cooldown and budget hold these back.
AUTOMATIC = frozenset(
    {
        Trigger.DATASET_CHANGED,
        Trigger.SCHEDULE,
        Trigger.NEW_IMAGES,
        Trigger.DRIFT,
        Trigger.LIVE_ACCURACY,
    }
)


class Triggers(Camel):
    """What starts a run besides a person, and how often that may be."""

    schedule: str | None = Field(default=None, min_length=1, max_length=128)
    time_zone: str | None = Field(default=None, min_length=1, max_length=64)
    new_images: int | None = Field(default=None, ge=1, le=100_000)
    quiet_seconds: int | None = Field(default=None, ge=0, le=86_400)
    max_wait_seconds: int | None = Field(default=None, ge=0, le=2_592_000)
    drift_above: float | None = Field(default=None, ge=1, le=100)
    accuracy_below: float | None = Field(default=None, gt=0, le=1)
    cooldown_seconds: int = Field(default=0, ge=0, le=31536000)
    max_runs_per_week: int | None = Field(default=None, ge=1, le=100)

    @field_validator("schedule")
    @classmethod
    def comes_now_and_then(cls, value: str | None) -> str | None:
        return cron.checked(value) if value is not None else None

    @field_validator("time_zone")
    @classmethod
    def is_known(cls, value: str | None) -> str | None:
        cron.zone(value)
        return value

    @model_validator(mode="after")
    def a_zone_is_a_schedules(self) -> Self:
        if self.time_zone is not None and self.schedule is None:
            raise ValueError("timeZone is the schedule's: write triggers.schedule, or leave it out")
        return self

    @model_validator(mode="after")
    def waiting_is_for_new_images(self) -> Self:
        waits = self.quiet_seconds is not None or self.max_wait_seconds is not None
        if waits and self.new_images is None:
            raise ValueError(
                "quietSeconds and maxWaitSeconds are how new images are waited for: write "
                "triggers.newImages, or leave them out"
            )
        return self

    @property
    def quiet(self) -> int:
        """Seconds without a new image after which a run takes those that have come."""
        return QUIET_SECONDS if self.quiet_seconds is None else self.quiet_seconds

    @property
    def max_wait(self) -> int:
        """Seconds that are waited for that at most, once there are enough."""
        return MAX_WAIT_SECONDS if self.max_wait_seconds is None else self.max_wait_seconds

    @property
    def are_used(self) -> bool:
        return self != Triggers()
