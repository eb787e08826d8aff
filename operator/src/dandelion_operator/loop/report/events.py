"""Kubernetes Events for decisions: what `kubectl describe` shows below a ModelDeployment.

One Event for a history entry or for a condition that turned False; the name is made from what it
says, so the same said again has the same name. Pure; called by `reconcile` after the status was
written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dandelion_operator.api import digests
from dandelion_operator.api.naming import FIELD_MANAGER
from dandelion_operator.api.resource import API_VERSION, KIND
from dandelion_operator.api.status import Status

MESSAGE_LIMIT = 1024
WARNINGS = frozenset({"TrainingFailed", "Rejected", "ArtifactRejected", "ProgressDeadlineExceeded"})
EXPLAINED_BY_HISTORY = frozenset({"Trained", "Promoted", "Ready"})
WITHOUT_EVENT = WARNINGS | {"NoVersion"}


@dataclass(frozen=True)
class Event:
    reason: str
    message: str
    warning: bool


def new_events(before: Status, after: Status) -> Iterator[Event]:
    known = set(before.history)
    for entry in reversed(after.history):
        if entry in known:
            continue
        version = f"version {entry.version}: " if entry.version else ""
        yield Event(
            entry.decision,
            f"{version}{entry.reason or entry.trigger or ''}",
            entry.decision in WARNINGS,
        )
    for condition in after.conditions:
        was = before.condition(condition.type)
        if condition.type == "Ready" and condition.status == "True":
            if was is None or was.status != "True":
                yield Event(condition.reason, condition.message, warning=False)
        elif condition.status == "False" and condition.type not in EXPLAINED_BY_HISTORY:
            known_before = was is not None and (was.status, was.reason) == (
                "False",
                condition.reason,
            )
            if not known_before and condition.reason not in WITHOUT_EVENT:
                yield Event(condition.reason, condition.message, warning=True)


def event_objects(
    body: Mapping[str, Any], before: Status, after: Status, now: str
) -> Iterator[dict[str, Any]]:
    """The objects to write, oldest first."""
    for event in new_events(before, after):
        yield _event_object(body["metadata"], event, now)


def _event_object(metadata: Mapping[str, Any], event: Event, now: str) -> dict[str, Any]:
    said = digests.digest([metadata["uid"], event.reason, event.message])
    return {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": f"{metadata['name']}.{said}", "namespace": metadata["namespace"]},
        "involvedObject": {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "namespace": metadata["namespace"],
            "name": metadata["name"],
            "uid": metadata["uid"],
        },
        "reason": event.reason,
        "message": event.message[:MESSAGE_LIMIT],
        "type": "Warning" if event.warning else "Normal",
        "source": {"component": FIELD_MANAGER},
        "reportingComponent": FIELD_MANAGER,
        "reportingInstance": FIELD_MANAGER,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
