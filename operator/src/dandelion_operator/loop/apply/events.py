"""Writes a Kubernetes Event, or counts the one up that says the same. Called by `reconcile`."""

from __future__ import annotations

from typing import Any

from dandelion_operator.ports.kube.cluster import Cluster, ConflictError
from dandelion_operator.ports.kube.objects import EVENT


async def write_event(cluster: Cluster, event: dict[str, Any]) -> None:
    """Raises ClusterError."""
    try:
        await cluster.create(EVENT, event)
    except ConflictError:
        await _count_up(cluster, event)


async def _count_up(cluster: Cluster, event: dict[str, Any]) -> None:
    namespace, name = event["metadata"]["namespace"], event["metadata"]["name"]
    there = await cluster.get(EVENT, namespace, name)
    if there is None:
        return
    count = (there.get("count") or 1) + 1
    await cluster.patch(
        EVENT, namespace, name, {"count": count, "lastTimestamp": event["lastTimestamp"]}
    )
