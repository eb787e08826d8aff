"""Kubernetes Events for decisions: what `kubectl describe` shows below a ModelDeployment.

One Event for a history entry, for a condition that turned False, and for what people should look at
in a dataset version or an evaluation. The name is made from what it says, so the same said again
has the same name. Pure; called by `reconcile` after the status was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dandelion_operator.api import digests
from dandelion_operator.api.naming import FIELD_MANAGER
from dandelion_operator.api.reasons import Reason
from dandelion_operator.api.reasons.facts import FALSE, TRUE, ToldBy
from dandelion_operator.api.resource import API_VERSION, KIND
from dandelion_operator.api.status import Status
from dandelion_operator.api.status.conditions import Condition, ConditionType
from dandelion_operator.api.status.dataset import DatasetInfo
from dandelion_operator.api.status.history import INGEST_FAILED, INGEST_REFUSED
from dandelion_operator.seen.conclusions.waiting import WAITING

MESSAGE_LIMIT = 1024
WARNINGS = {"Rejected", INGEST_FAILED, INGEST_REFUSED} | {
    item for item in Reason if item.facts.event is ToldBy.HISTORY
}
WITHOUT_EVENT = {item for item in Reason if item.facts.event is not ToldBy.CONDITION}
# Whatever the reason: the history has an entry for what becomes of a run and of a version.
EXPLAINED_BY_HISTORY = (ConditionType.TRAINED, ConditionType.PROMOTED)


@dataclass(frozen=True)
class Event:
    reason: str
    message: str
    warning: bool


def new_events(before: Status, after: Status) -> Iterator[Event]:
    entries = set(before.history)
    for entry in reversed(after.history):
        if entry in entries:
            continue
        version = f"version {entry.version}: " if entry.version else ""
        asked = f", asked for by {entry.requested_by}" if entry.requested_by else ""
        yield Event(
            entry.decision,
            f"{version}{entry.reason or entry.trigger or ''}{asked}",
            entry.decision in WARNINGS,
        )
    for condition in after.conditions:
        was, warning = before.condition(condition.type), _warning(condition)
        known = was is not None and (was.reason, _warning(was)) == (condition.reason, warning)
        if warning is not None and not known:
            yield Event(condition.reason, condition.message, warning)
    yield from _of_dataset(before, after)
    yield from _of_evaluation(before, after)


def _warning(condition: Condition) -> bool | None:
    """Whether a condition's Event is a warning; None where it makes none itself."""
    if condition.type is ConditionType.READY:
        return False if condition.status == TRUE else None
    if condition.status == FALSE and condition.type not in EXPLAINED_BY_HISTORY:
        return True if condition.reason not in WITHOUT_EVENT else None
    return True if condition.reason in WAITING else None


def _of_dataset(before: Status, after: Status) -> Iterator[Event]:
    """Once a version: what people should know about their images."""
    now, was = after.dataset, before.dataset
    if now is None or not _words(now):
        return
    if was is None or was.version != now.version or not _words(was):
        words = f"dataset version {now.version}: {_words(now)}"
        yield Event("DatasetWarnings", words, warning=True)


def _words(dataset: DatasetInfo) -> str:
    said = list(dataset.warnings)
    if dataset.rejects_many:
        counted = ", ".join(f"{reason} {count:,}" for reason, count in dataset.rejected.items())
        said.insert(0, f"{dataset.rejected_share:.0%} of its files were rejected: {counted}")
    return "; ".join(said)


def _of_evaluation(before: Status, after: Status) -> Iterator[Event]:
    now, was = after.evaluation, before.evaluation
    if now is None or not now.never_answered:
        return
    if was is None or (was.challenger, was.never_answered) != (now.challenger, now.never_answered):
        names = ", ".join(now.never_answered)
        words = f"version {now.challenger} gave these classes to no holdout image: {names}"
        yield Event("NeverAnswered", words, warning=True)


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
