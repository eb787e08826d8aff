"""Kubernetes Events for decisions: what `kubectl describe` shows below a ModelDeployment.

One Event for a decision receipt or for a condition that turned False; the name is made from what it
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
TOLD_BY_RECEIPT = frozenset({"Trained", "Promoted", "Ready"})
NO_NEWS = WARNINGS | {"NoVersion"}


@dataclass(frozen=True)
class News:
    reason: str
    message: str
    warning: bool


def news(before: Status, after: Status) -> Iterator[News]:
    known = set(before.history)
    for receipt in reversed(after.history):
        if receipt in known:
            continue
        version = f"version {receipt.version}: " if receipt.version else ""
        yield News(
            receipt.decision,
            f"{version}{receipt.reason or receipt.trigger or ''}",
            receipt.decision in WARNINGS,
        )
    for condition in after.conditions:
        was = before.condition(condition.type)
        if condition.type == "Ready" and condition.status == "True":
            if was is None or was.status != "True":
                yield News(condition.reason, condition.message, warning=False)
        elif condition.status == "False" and condition.type not in TOLD_BY_RECEIPT:
            known_before = was is not None and (was.status, was.reason) == (
                "False",
                condition.reason,
            )
            if not known_before and condition.reason not in NO_NEWS:
                yield News(condition.reason, condition.message, warning=True)


def events(
    body: Mapping[str, Any], before: Status, after: Status, now: str
) -> Iterator[dict[str, Any]]:
    """The objects to write, oldest first."""
    for item in news(before, after):
        yield _event(body["metadata"], item, now)


def _event(metadata: Mapping[str, Any], item: News, now: str) -> dict[str, Any]:
    said = digests.digest([metadata["uid"], item.reason, item.message])
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
        "reason": item.reason,
        "message": item.message[:MESSAGE_LIMIT],
        "type": "Warning" if item.warning else "Normal",
        "source": {"component": FIELD_MANAGER},
        "reportingComponent": FIELD_MANAGER,
        "reportingInstance": FIELD_MANAGER,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
