"""Reads and writes of Kubernetes objects as plain JSON over one HTTP client.

The operator needs a handful of verbs on a handful of kinds, with bodies that the builders make as
dictionaries; a generated client would bring hundreds of model classes for that. Every write asks
the fence first. Used by `observe`, `apply`, `reconcile` and `events`.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import Any

import httpx

from dandelion_operator.fence import READ_SECONDS, WRITE_SECONDS, Fence
from dandelion_operator.naming import FIELD_MANAGER
from dandelion_operator.resource import GROUP, PLURAL


class ClusterError(Exception):
    """The API server said no; `status` is the HTTP code and the message its own words."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(message)
        self.status = status

    @property
    def refused(self) -> bool:
        """Quota, admission, RBAC or a schema: the same request will be refused again."""
        return self.status in (400, 403, 422)


class ConflictError(ClusterError):
    """The object is there already, or is no longer the one that was read."""


class UnreachableError(ClusterError):
    def __init__(self, message: str) -> None:
        super().__init__(0, message)


@dataclass(frozen=True)
class Kind:
    api: str
    plural: str

    def path(self, namespace: str, name: str = "") -> str:
        base = f"{self.api}/namespaces/{namespace}/{self.plural}"
        return f"{base}/{name}" if name else base


MODEL_DEPLOYMENT = Kind(f"/apis/{GROUP}/v1alpha1", PLURAL)
JOB = Kind("/apis/batch/v1", "jobs")
DEPLOYMENT = Kind("/apis/apps/v1", "deployments")
SERVICE = Kind("/api/v1", "services")
SECRET = Kind("/api/v1", "secrets")
POD = Kind("/api/v1", "pods")
EVENT = Kind("/api/v1", "events")
LEASE = Kind("/apis/coordination.k8s.io/v1", "leases")


class Cluster:
    def __init__(self, http: httpx.AsyncClient, fence: Fence) -> None:
        self._http = http
        self._fence = fence

    async def get(self, kind: Kind, namespace: str, name: str) -> dict[str, Any] | None:
        try:
            return await self._call("GET", kind.path(namespace, name))
        except ClusterError as error:
            if error.status == httpx.codes.NOT_FOUND:
                return None
            raise

    async def list(self, kind: Kind, namespace: str, selector: str) -> list[dict[str, Any]]:
        answer = await self._call("GET", kind.path(namespace), params={"labelSelector": selector})
        items: list[dict[str, Any]] = answer["items"]
        return items

    async def apply(self, kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
        """Server-side apply: what this operator does not name, it does not touch."""
        metadata = body["metadata"]
        return await self._write(
            "PATCH",
            kind.path(metadata["namespace"], metadata["name"]),
            json=body,
            params={"fieldManager": FIELD_MANAGER, "force": "true"},
            headers={"Content-Type": "application/apply-patch+yaml"},
        )

    async def create(self, kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
        """Raises ConflictError if an object of that name exists."""
        return await self._write(
            "POST",
            kind.path(body["metadata"]["namespace"]),
            json=body,
            params={"fieldManager": FIELD_MANAGER},
        )

    async def patch(
        self, kind: Kind, namespace: str, name: str, body: dict[str, Any]
    ) -> dict[str, Any]:
        return await self._write(
            "PATCH",
            kind.path(namespace, name),
            json=body,
            params={"fieldManager": FIELD_MANAGER},
            headers={"Content-Type": "application/merge-patch+json"},
        )

    async def delete(self, kind: Kind, namespace: str, name: str) -> None:
        """In the foreground: the object stays until its pods are gone."""
        try:
            await self._write(
                "DELETE",
                kind.path(namespace, name),
                json={
                    "apiVersion": "v1",
                    "kind": "DeleteOptions",
                    "propagationPolicy": "Foreground",
                },
            )
        except ClusterError as error:
            if error.status != httpx.codes.NOT_FOUND:
                raise

    async def replace_status(self, kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
        """Raises ConflictError if the object changed since it was read."""
        metadata = body["metadata"]
        path = kind.path(metadata["namespace"], metadata["name"])
        return await self._write(
            "PUT", f"{path}/status", json=body, params={"fieldManager": FIELD_MANAGER}
        )

    async def replace(self, kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
        """Not fenced: the lease itself is written with it."""
        metadata = body["metadata"]
        return await self._call(
            "PUT", kind.path(metadata["namespace"], metadata["name"]), json=body
        )

    async def create_unfenced(self, kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
        return await self._call("POST", kind.path(body["metadata"]["namespace"]), json=body)

    async def _write(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        self._fence.check()
        return await self._call(method, path, **request)

    async def _call(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        try:
            async with asyncio.timeout(READ_SECONDS if method == "GET" else WRITE_SECONDS):
                response = await self._http.request(method, path, **request)
        except (httpx.HTTPError, TimeoutError) as error:
            raise UnreachableError(f"the API server does not answer: {error!r}") from error
        if response.is_success:
            found: dict[str, Any] = response.json()
            return found
        message = _message(response)
        if response.status_code == httpx.codes.CONFLICT:
            raise ConflictError(response.status_code, message)
        if response.status_code in (429, 500, 502, 503, 504):
            raise UnreachableError(message)
        raise ClusterError(response.status_code, message)


class LeaseStore:
    """The one Lease of the election, seen through the cluster."""

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


def _message(response: httpx.Response) -> str:
    try:
        return str(response.json()["message"])
    except (ValueError, KeyError, TypeError):
        return f"HTTP {response.status_code}"
