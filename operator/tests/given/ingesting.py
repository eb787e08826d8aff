"""Worlds in which images are read because a person asks for it."""

from __future__ import annotations

from typing import Any

from dandelion_operator.api import digests
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.status.training import RunState
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import (
    DatasetVersionSeen,
    IngestJobSeen,
    Progress,
)

import given
from given import ingest_job

ASKED = given.resource(ingest="now")
ID = digests.ingest("uid-1", "now")
SOON, LATER = "2026-01-01T00:00:20Z", "2026-01-01T12:00:00Z"
FOUND = DatasetVersionSeen(f"sha256:{'e' * 64}", images=40, class_count=2, holdout=8)
READ = Progress(run=f"ingests/{ID}", state="succeeded", percent=100, dataset=FOUND)
AWAY = Failure(Reason.REGISTRY_UNREACHABLE, "no answer")
REFUSED = Failure(Reason.CREDENTIALS_REJECTED, "the key is refused")
DENIED = "the key is refused"
MADE = {"version": f"sha256:{'d' * 64}"}


def world(known: dict[str, Any] | None = None, **about: Any) -> Observed:
    """Version 3 serves; `known` is what status.ingest says."""
    before = given.status(
        champion={"version": "3"},
        training=given.training("run3"),
        dataset=MADE,
        **({"ingest": {"value": "now", **known}} if known else {}),
    )
    return given.serving(3, **({"previous": before, "dataset": None, "now": SOON} | about))


def run(state: RunState = RunState.RUNNING, **about: Any) -> Any:
    """Of another spec, so that it is not the one that is done."""
    return given.job("run4", state, **about)


def training(read: bool, state: RunState = RunState.RUNNING) -> Observed:
    found = Progress(run="run4", dataset=FOUND if read else None)
    return world(jobs=(run(state),), progress=found)


def failed(reason: str | None = "StorageUnreachable", **about: Any) -> IngestJobSeen:
    fields = {"message": "no answer", "finished": given.NOW}
    return ingest_job(RunState.FAILED, reason=reason, **(fields | about))
