"""status.history: what became of a reading of the images that a person asked for."""

from __future__ import annotations

from collections.abc import Iterator

from dandelion_operator.api.status.history import (
    INGEST_FAILED,
    INGEST_REFUSED,
    INGEST_STOPPED,
    INGESTED,
    HistoryEntry,
)
from dandelion_operator.api.status.ingest import Ingest, IngestState

DECISIONS = {
    IngestState.SUCCEEDED: INGESTED,
    IngestState.FAILED: INGEST_FAILED,
    IngestState.REFUSED: INGEST_REFUSED,
    IngestState.STOPPED: INGEST_STOPPED,
}


def of_ingest(before: Ingest | None, now: Ingest | None, time: str) -> Iterator[HistoryEntry]:
    """Once it has come to something, and that one made way for another."""
    same = before is not None and now is not None and before.value == now.value
    if before is not None and not same and not before.state.finished:
        words = "it made way for one that was asked for later"
        yield _entry(before, INGEST_STOPPED, words, time)
    if now is None or not now.state.finished:
        return
    if same and before is not None and before.state is now.state:
        return
    words = ": ".join(filter(None, (now.reason, now.message)))
    yield _entry(now, DECISIONS[now.state], words, time)


def _entry(ingest: Ingest, decision: str, reason: str, time: str) -> HistoryEntry:
    return HistoryEntry(
        time=time,
        decision=decision,
        dataset=ingest.dataset_version,
        requested_by=ingest.requested_by,
        reason=reason,
    )
