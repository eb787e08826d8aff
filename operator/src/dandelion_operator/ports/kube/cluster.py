"""Reads and writes of Kubernetes objects as plain JSON: a handful of verbs on a handful of kinds.

Bodies are the dictionaries that the builders make, answers are the API server's, and the official
client carries both (`connection.ApiServer`). Every write asks the fence first. What the caches can
answer is not asked for again; every answer makes them newer. Used by the loop's steps, by `audit`
and `reviewers` beside it, and by `lease` for the election.
"""

from __future__ import annotations

import asyncio
from http import HTTPStatus
from typing import Any, Protocol

from dandelion_operator.api.naming import FIELD_MANAGER, OWNER_LABEL
from dandelion_operator.ports.fence import READ_SECONDS, WRITE_SECONDS, Fence
from dandelion_operator.ports.kube.caches import (
    Caches,
    Listed,
    as_listed,
    is_told_by_watches,
)
from dandelion_operator.ports.kube.objects import Kind

# One page of a listing of metadata, which is about a kilobyte an object.
PAGE = 500
# After these pauses, in seconds, a read is asked again: a look is a dozen of them, and one bad
# answer in five must not cost minutes.
PAUSES = (0.1, 0.4)
METADATA_ONLY = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"


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


class TroubledError(UnreachableError):
    """It answered that it could not do it just now."""


class Transport(Protocol):
    async def request(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        body: dict[str, Any] | None = None,
    ) -> tuple[int, Any]:
        """The status and the JSON of the answer, None if it is no JSON; sends a write only once.

        Raises OSError if there is no answer.
        """


class Cluster:
    """Without `caches`, every read is a request."""

    def __init__(self, transport: Transport, fence: Fence, caches: Caches | None = None) -> None:
        self._transport = transport
        self._fence = fence
        self._caches = caches or Caches(kinds=())

    async def get(self, kind: Kind, namespace: str, name: str) -> dict[str, Any] | None:
        """Without what `needed` leaves out, where a cache answers."""
        if self._caches.answers(kind, namespace, name):
            return self._caches.get(kind, namespace, name)
        return await self.read(kind, namespace, name)

    async def read(self, kind: Kind, namespace: str, name: str) -> dict[str, Any] | None:
        """The whole object, from the API server."""
        mark = self._caches.mark(kind, namespace, name)
        found: dict[str, Any] | None
        try:
            found = await self._call("GET", kind.path(namespace, name))
        except ClusterError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise
            found = None
        self._caches.read(kind, namespace, name, found, mark)
        return found

    async def list(
        self, kind: Kind, namespace: str, selector: str = "", fields: str = "", limit: int = 0
    ) -> list[dict[str, Any]]:
        """By labels or, where `fields` is given, by fields; at most `limit` of them, 0 is all.

        A cache knows all that have certain labels, NAME=VALUE,…, and answers nothing else.
        """
        labels = dict(item.partition("=")[::2] for item in selector.split(",") if item)
        whole = all(labels.values()) and not (fields or limit)
        covered = whole and self._caches.covers(kind, namespace)
        if covered and self._caches.answers_list(kind, namespace, labels):
            return self._caches.list(kind, namespace, labels)
        doubted = self._caches.doubted(kind, namespace, labels) if covered else []
        marks = {place: self._caches.mark(kind, *place) for place in doubted}
        query = {"fieldSelector": fields} if fields else {"labelSelector": selector}
        query |= {"limit": str(limit)} if limit else {}
        answer = await self._call("GET", kind.path(namespace), query=query)
        items: list[dict[str, Any]] = answer["items"] or []
        if covered:
            self._caches.read_list(kind, items, marks)
        return items

    async def list_metadata(self, kind: Kind, namespace: str, selector: str) -> tuple[Listed, ...]:
        """From the API server, in pages; `selector` is any label selector."""
        query = {"labelSelector": selector, "limit": str(PAGE)}
        found: tuple[Listed, ...] = ()
        while True:
            page = await self._call(
                "GET", kind.path(namespace), query=query, headers={"Accept": METADATA_ONLY}
            )
            found += tuple(map(as_listed, page["items"] or ()))
            more = (page.get("metadata") or {}).get("continue")
            if not more:
                return found
            query = query | {"continue": more}

    async def try_apply(self, kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
        """What `apply` would make of it; nothing is written."""
        return await self._call("PATCH", **_applied(kind, body, {"dryRun": "All"}))

    async def apply(self, kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
        """Server-side apply: what this operator does not name, it does not touch."""
        metadata = body["metadata"]
        place = (metadata.get("namespace", ""), metadata["name"])
        await self._refuse_to_take_over(kind, *place)
        return await self._write("PATCH", kind, place, **_applied(kind, body, {}))

    async def _refuse_to_take_over(self, kind: Kind, namespace: str, name: str) -> None:
        """What bears no label of this operator is in no cache, and must not be taken for absent."""
        if not self._caches.answers(kind, namespace, name):
            return
        if self._caches.get(kind, namespace, name) is not None:
            return
        self._fence.check()
        found = await self.read(kind, namespace, name)
        if found is not None and not is_told_by_watches(kind, found):
            raise ConflictError(
                HTTPStatus.CONFLICT, f"{kind.plural} {name} exists and is not of this operator"
            )

    async def create(self, kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
        """Raises ConflictError if an object of that name exists."""
        metadata = body["metadata"]
        return await self._write(
            "POST",
            kind,
            (metadata["namespace"], metadata["name"]),
            path=kind.path(metadata["namespace"]),
            body=body,
            query={"fieldManager": FIELD_MANAGER},
        )

    async def patch(
        self, kind: Kind, namespace: str, name: str, body: dict[str, Any]
    ) -> dict[str, Any]:
        return await self._write(
            "PATCH",
            kind,
            (namespace, name),
            body=body,
            query={"fieldManager": FIELD_MANAGER},
            headers={"Content-Type": "application/merge-patch+json"},
        )

    async def delete(
        self, kind: Kind, namespace: str, name: str, propagation: str = "Foreground"
    ) -> None:
        """In the foreground the object stays until its pods are gone; in the background it goes at
        once."""
        try:
            await self._write(
                "DELETE",
                kind,
                (namespace, name),
                body={
                    "apiVersion": "v1",
                    "kind": "DeleteOptions",
                    "propagationPolicy": propagation,
                },
            )
        except ClusterError as error:
            if error.status != HTTPStatus.NOT_FOUND:
                raise

    async def replace_status(self, kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
        """Raises ConflictError if the object changed since it was read."""
        place = (body["metadata"]["namespace"], body["metadata"]["name"])
        return await self._write(
            "PUT",
            kind,
            place,
            path=f"{kind.path(*place)}/status",
            body=body,
            query={"fieldManager": FIELD_MANAGER},
        )

    async def replace(self, kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
        """Not fenced: the lease itself is written with it."""
        metadata = body["metadata"]
        return await self._call(
            "PUT", kind.path(metadata["namespace"], metadata["name"]), body=body
        )

    async def create_unfenced(self, kind: Kind, body: dict[str, Any]) -> dict[str, Any]:
        return await self._call("POST", kind.path(body["metadata"]["namespace"]), body=body)

    async def _write(
        self,
        method: str,
        kind: Kind,
        place: tuple[str, str],
        path: str | None = None,
        **request: Any,
    ) -> dict[str, Any]:
        self._fence.check()
        labels = (request["body"].get("metadata") or {}).get("labels") or {}
        try:
            answer = await self._call(method, path or kind.path(*place), **request)
        except BaseException:
            # Whether it was done, and what the object is now, only the API server can tell.
            self._caches.doubt(kind, *place, labels.get(OWNER_LABEL, ""))
            raise
        self._caches.wrote(kind, *place, answer)
        return answer

    async def _call(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        for pause in PAUSES if method == "GET" else ():
            try:
                return await self._call_once(method, path, **request)
            except TroubledError:
                await asyncio.sleep(pause)
        return await self._call_once(method, path, **request)

    async def _call_once(self, method: str, path: str, **request: Any) -> dict[str, Any]:
        try:
            async with asyncio.timeout(READ_SECONDS if method == "GET" else WRITE_SECONDS):
                status, answer = await self._transport.request(method, path, **request)
        except OSError as error:
            raise UnreachableError(f"the API server does not answer: {error!r}") from error
        if 200 <= status < 300 and isinstance(answer, dict):
            return answer
        message = _message(status, answer)
        if status == HTTPStatus.CONFLICT:
            raise ConflictError(status, message)
        if status in (429, 500, 502, 503, 504):
            raise TroubledError(message)
        raise ClusterError(status, message)


def _applied(kind: Kind, body: dict[str, Any], query: dict[str, str]) -> dict[str, Any]:
    metadata = body["metadata"]
    return {
        "path": kind.path(metadata.get("namespace", ""), metadata["name"]),
        "body": body,
        "query": {"fieldManager": FIELD_MANAGER, "force": "true", **query},
        "headers": {"Content-Type": "application/apply-patch+yaml"},
    }


def _message(status: int, answer: Any) -> str:
    if isinstance(answer, dict) and "message" in answer:
        return str(answer["message"])
    return f"HTTP {status}"
