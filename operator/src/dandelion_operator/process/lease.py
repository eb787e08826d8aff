"""The one Lease of the election, read and written through the cluster.

What `leader` asks for as `Leases`; made by `operator`.
"""

from __future__ import annotations

from typing import Any

from dandelion_operator.ports.kube.cluster import Cluster
from dandelion_operator.ports.kube.objects import LEASE


class LeaseStore:
    def __init__(self, cluster: Cluster, namespace: str, name: str) -> None:
        self._cluster = cluster
        self._namespace = namespace
        self._name = name

    async def get(self) -> dict[str, Any] | None:
        return await self._cluster.get(LEASE, self._namespace, self._name)

    async def create(self, spec: dict[str, Any]) -> dict[str, Any]:
        body = {
            "apiVersion": "coordination.k8s.io/v1",
            "kind": "Lease",
            "metadata": {"namespace": self._namespace, "name": self._name},
            "spec": spec,
        }
        return await self._cluster.create_unfenced(LEASE, body)

    async def replace(self, lease: dict[str, Any]) -> dict[str, Any]:
        return await self._cluster.replace(LEASE, lease)
