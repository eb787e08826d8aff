"""The run for the spec, and the search before it."""

from __future__ import annotations

from collections.abc import Mapping
from enum import StrEnum
from typing import Any

from pydantic import Field, model_validator

from dandelion_operator.api.status.part import Part, Words


class RunState(StrEnum):
    PENDING = "Pending"
    RUNNING = "Running"
    SUSPENDED = "Suspended"
    SUCCEEDED = "Succeeded"
    FAILED = "Failed"

    @property
    def finished(self) -> bool:
        return self in (RunState.SUCCEEDED, RunState.FAILED)


class Search(Part):
    """The trials of a run's search. `best` is the best figure of one that came to its end;
    `parameters` are what was chosen, once that is known.
    """

    trials: int
    finished: int = 0
    pruned: int = 0
    failed: int = 0
    best: float | None = None
    parameters: dict[str, Words] = Field(default_factory=dict)


class Training(Part):
    job_name: str | None = None
    run: str
    training_hash: str
    run_id: str | None = None
    progress_percent: int = 0
    stage: Words | None = None
    state: RunState = RunState.PENDING
    started_at: str | None = None
    finished_at: str | None = None
    trigger: str | None = None
    trigger_message: Words | None = None
    requested_by: Words | None = None
    decided_at: str | None = None
    reason: Words | None = None
    message: Words | None = None
    dataset_fingerprint: str | None = None
    retrain: str | None = None
    attempts: int = Field(default=1, ge=1)
    execution: str | None = None
    search: Search | None = None
    wish: str = ""  # the training hash, by the name that the first release knows

    @model_validator(mode="before")
    @classmethod
    def one_hash_has_two_names(cls, value: Any) -> Any:
        if not isinstance(value, Mapping):
            return value
        names = ("trainingHash", "training_hash", "wish")
        known = next((value[name] for name in names if name in value), None)
        return {**value, "trainingHash": known, "wish": known}
