"""Kubernetes Events for decisions: what `kubectl describe` shows below a ModelDeployment.

One Event for a decision receipt or for a condition that turned False; the name is made from what it
says, so saying the same again raises the count of the one that is there. Called by `reconcile`
after the status was written.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dandelion_operator import digests
from dandelion_operator.cluster import Cluster, ConflictError
from dandelion_operator.naming import FIELD_MANAGER
from dandelion_operator.objects import EVENT
from dandelion_operator.resource import API_VERSION, KIND
from dandelion_operator.status import Status

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
            told = was is not None and (was.status, was.reason) == ("False", condition.reason)
            if not told and condition.reason not in NO_NEWS:
                yield News(condition.reason, condition.message, warning=True)


async def tell(
    cluster: Cluster, body: Mapping[str, Any], before: Status, after: Status, now: str
) -> None:
    for item in news(before, after):
        await _tell(cluster, body["metadata"], item, now)


async def _tell(cluster: Cluster, metadata: Mapping[str, Any], item: News, now: str) -> None:
    namespace = metadata["namespace"]
    said = digests.digest([metadata["uid"], item.reason, item.message])
    name = f"{metadata['name']}.{said}"
    event = {
        "apiVersion": "v1",
        "kind": "Event",
        "metadata": {"name": name, "namespace": namespace},
        "involvedObject": {
            "apiVersion": API_VERSION,
            "kind": KIND,
            "namespace": namespace,
            "name": metadata["name"],
            "uid": metadata["uid"],
        },
        "reason": item.reason,
        "message": item.message[:1024],
        "type": "Warning" if item.warning else "Normal",
        "source": {"component": FIELD_MANAGER},
        "reportingComponent": FIELD_MANAGER,
        "reportingInstance": FIELD_MANAGER,
        "firstTimestamp": now,
        "lastTimestamp": now,
        "count": 1,
    }
    try:
        await cluster.create(EVENT, event)
    except ConflictError:
        await _count_up(cluster, namespace, name, now)


async def _count_up(cluster: Cluster, namespace: str, name: str, now: str) -> None:
    there = await cluster.get(EVENT, namespace, name)
    if there is None:
        return
    count = (there.get("count") or 1) + 1
    await cluster.patch(EVENT, namespace, name, {"count": count, "lastTimestamp": now})
