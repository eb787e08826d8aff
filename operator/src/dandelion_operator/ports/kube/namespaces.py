"""Which namespaces are looked after: those that somebody who may change namespaces labelled.

In each of them the operator binds one ClusterRole to its own account, and that is where its rights
there come from; elsewhere it has none but to see that there are ModelDeployments. Where a label is
gone, it gives the rights back. What is looked after is made anew from what the API server lists, so
nothing is lost with a process; `handlers` wakes `run`, which `process.operator` starts, when a
label comes or goes. `reconcile` asks what stands in a namespace's way.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from typing import Any

import structlog

from dandelion_operator.api import naming
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.ports.fence import NotLeadingError
from dandelion_operator.ports.kube.cluster import Cluster, ClusterError
from dandelion_operator.ports.kube.objects import NAMESPACE, ROLE_BINDING

RBAC = "rbac.authorization.k8s.io"
LABELLED = f"{naming.ENABLED_LABEL}=true"
EVERY_SECONDS, AGAIN_SECONDS, STANDBY_SECONDS = 60.0, 2.0, 0.5

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Rights:
    """What is bound in a namespace that is looked after: the role, under its own name, and to
    which account.
    """

    role: str
    account: str
    account_namespace: str


class Namespaces:
    """Without `rights`, whatever is watched is looked after. `changed` is told the names of those
    of which that is no longer what it was.
    """

    def __init__(
        self,
        cluster: Cluster,
        rights: Rights | None = None,
        changed: Callable[[Collection[str]], None] = lambda _: None,
    ) -> None:
        self._cluster = cluster
        self._rights = rights
        self._changed = changed
        self._obstacles: dict[str, str] | None = {} if rights is None else None
        self._woken = asyncio.Event()

    @property
    def known(self) -> bool:
        """Before that, nobody can be told that his namespace is not looked after."""
        return self._obstacles is not None

    def obstacle(self, namespace: str) -> Failure | None:
        """Why nothing of this namespace is touched; None: it is looked after."""
        if self._rights is None:
            return None
        words = (self._obstacles or {}).get(namespace, _not_labelled(namespace))
        return Failure(Reason.NAMESPACE_NOT_ENABLED, words) if words else None

    def wake(self) -> None:
        self._woken.set()

    async def run(self, allowed: Callable[[], bool]) -> None:
        """While it is not allowed to (another operator leads), nothing is written."""
        if self._rights is None:
            return
        again = AGAIN_SECONDS
        while True:
            self._woken.clear()
            pause = STANDBY_SECONDS
            if allowed():
                done = await self._round_done()
                pause = EVERY_SECONDS if done else again
                again = AGAIN_SECONDS if done else min(2 * again, EVERY_SECONDS)
            try:
                async with asyncio.timeout(pause):
                    await self._woken.wait()
            except TimeoutError:
                continue

    async def _round_done(self) -> bool:
        try:
            return await self.round()
        except NotLeadingError:
            return True  # whoever leads does it
        except ClusterError as error:
            log.warning("the namespaces cannot be told", cause=str(error))
            return False

    async def round(self) -> bool:
        """Whether every labelled namespace is looked after now, and no other. Raises ClusterError
        where the namespaces cannot be listed.
        """
        if self._rights is None:
            return True
        rights, before = self._rights, self._obstacles
        labelled = {
            item.name for item in await self._cluster.list_metadata(NAMESPACE, "", LABELLED)
        }
        named = f"metadata.name={rights.role}"
        bound = {
            raw["metadata"]["namespace"]: raw
            for raw in await self._cluster.list(ROLE_BINDING, "", fields=named)
        }
        given_back = [
            await self._given_back(namespace, rights)
            for namespace in sorted(bound.keys() - labelled)
            if _is_ours(bound[namespace], rights)
        ]
        found = {
            namespace: await self._bound(namespace, bound.get(namespace), rights)
            for namespace in sorted(labelled)
        }
        self._obstacles = found
        known = before or {}
        different = {
            namespace
            for namespace in known.keys() | found.keys()
            if known.get(namespace) != found.get(namespace)
        }
        if different:
            self._changed(different)
        return all(given_back) and not any(found.values())

    async def _given_back(self, namespace: str, rights: Rights) -> bool:
        """Where that is refused, all other namespaces go on."""
        try:
            await self._cluster.delete(ROLE_BINDING, namespace, rights.role, "Background")
        except ClusterError as error:
            log.warning("rights are not given back", namespace=namespace, cause=str(error))
            return False
        log.info("a namespace is no longer looked after", namespace=namespace)
        return True

    async def _bound(self, namespace: str, there: Mapping[str, Any] | None, rights: Rights) -> str:
        """What stands in the way; "" where the rights are there."""
        wanted = binding(rights, namespace)
        if there is not None and _grants(there) == _grants(wanted):
            return ""
        try:
            await self._cluster.apply(ROLE_BINDING, wanted)
        except ClusterError as error:
            log.warning("a namespace is not looked after", namespace=namespace, cause=str(error))
            return f"the operator was given no rights in the namespace {namespace}: {error}"
        log.info("a namespace is looked after", namespace=namespace)
        return ""


def _not_labelled(namespace: str) -> str:
    return (
        f"the namespace {namespace} is not looked after, and what there is in it stays as it is; "
        "whoever may change namespaces turns it on: "
        f"kubectl label namespace {namespace} {LABELLED}"
    )


def binding(rights: Rights, namespace: str) -> dict[str, Any]:
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "RoleBinding",
        "metadata": {
            "name": rights.role,
            "namespace": namespace,
            "labels": {
                "app.kubernetes.io/name": "dandelion",
                "app.kubernetes.io/part-of": "dandelion",
                "app.kubernetes.io/managed-by": naming.FIELD_MANAGER,
            },
        },
        "roleRef": {"apiGroup": RBAC, "kind": "ClusterRole", "name": rights.role},
        "subjects": [
            {
                "kind": "ServiceAccount",
                "name": rights.account,
                "namespace": rights.account_namespace,
            }
        ],
    }


def _grants(raw: Mapping[str, Any]) -> tuple[Any, list[tuple[str, str, str]]]:
    subjects = [
        (item.get("kind", ""), item.get("namespace", ""), item.get("name", ""))
        for item in raw.get("subjects") or []
    ]
    return raw["roleRef"], subjects


def _is_ours(raw: Mapping[str, Any], rights: Rights) -> bool:
    """Of that name there may be one of somebody else's, which is left alone."""
    return _grants(raw) == _grants(binding(rights, raw["metadata"]["namespace"]))
