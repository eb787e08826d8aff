"""What became of the annotation `dandelion.dev/ingest`: the images are read, nothing is trained."""

from __future__ import annotations

from enum import StrEnum

from pydantic import Field

from dandelion_operator.api.status.part import Part, Words


class IngestState(StrEnum):
    PENDING = "Pending"
    RUNNING = "Running"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"
    REFUSED = "Refused"
    STOPPED = "Stopped"

    @property
    def finished(self) -> bool:
        return self not in (IngestState.PENDING, IngestState.RUNNING)


class Ingest(Part):
    """The reading that was asked for last. `value` is the annotation's.

    `started_at`: when its newest Job was made, of which `attempts` were so far. `dataset_version`:
    what it made or found, and `since` the one before; `changes` counts what leads from one to the
    other, and is empty where nothing does.
    """

    value: str
    state: IngestState = IngestState.PENDING
    job_name: str | None = None
    attempts: int = Field(default=0, ge=0)
    progress_percent: int = 0
    stage: Words | None = None
    requested_by: Words | None = None
    started_at: str | None = None
    finished_at: str | None = None
    reason: str | None = None
    message: Words = ""
    dataset_version: str | None = None
    since: str | None = None
    changes: dict[str, int] = Field(default_factory=dict)

    def follows(self, started: str | None) -> bool:
        """Whether it read the images after a run that started then, or whose start nobody knows."""
        return self.started_at is not None and (started is None or self.started_at >= started)
