"""Takes back what serving pods of former releases were given: the right to ask the API server who
calls.

They asked as an account in their own namespace, whose token whoever may edit there can make. Pods
ask the installation's token reviewer since, and those of a former release are replaced once. The
chart's one ClusterRoleBinding keeps their accounts until none of their Deployments rests on it, and
is deleted then: the operator may do that, and give nobody anything. Run by `process.operator`.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping, Sequence
from typing import Any

import structlog

from dandelion_operator.ports.fence import NotLeadingError
from dandelion_operator.ports.kube.cluster import Cluster, ClusterError
from dandelion_operator.ports.kube.objects import CLUSTER_ROLE_BINDING, DEPLOYMENT

log = structlog.get_logger(__name__)


class FormerReviewers:
    def __init__(self, cluster: Cluster, binding: str, namespaces: Sequence[str]) -> None:
        """`binding` is empty where the chart has none; `namespaces` where all are looked after."""
        self._cluster = cluster
        self._binding = binding
        self._namespaces = frozenset(namespaces)
        self._told: list[str] = []

    async def run(self, allowed: Callable[[], bool], seconds: float) -> None:
        while True:
            if self._binding and allowed():
                await self._look_after()
            await asyncio.sleep(seconds)

    async def let_go(self) -> None:
        """Deletes the binding if it holds anybody and no pods need it. Raises ClusterError."""
        binding = await self._cluster.get(CLUSTER_ROLE_BINDING, "", self._binding)
        subjects = (binding or {}).get("subjects") or []
        if not subjects:
            return
        # One after the other: there may be a thousand, and the lease is renewed by the same way.
        waiting = [
            f"{item.get('namespace')}/{item.get('name')}"
            for item in subjects
            if await self._is_needed(item)
        ]
        if not waiting:
            await self._cluster.delete(CLUSTER_ROLE_BINDING, "", self._binding, "Background")
            log.info("no serving pod asks the API server who calls any more", binding=self._binding)
        elif waiting != self._told:
            log.info(
                "serving pods of a former release still ask the API server who calls",
                binding=self._binding,
                deployments=waiting,
            )
        self._told = waiting

    async def _look_after(self) -> None:
        try:
            await self.let_go()
        except NotLeadingError:
            return  # whoever leads does it
        except ClusterError as error:
            log.warning("former token reviewers are not looked after", cause=str(error))

    async def _is_needed(self, subject: Mapping[str, Any]) -> bool:
        """Accounts were called as their Deployments are."""
        namespace, name = str(subject.get("namespace") or ""), str(subject.get("name") or "")
        looked_after = not self._namespaces or namespace in self._namespaces
        if not looked_after or subject.get("kind") != "ServiceAccount":
            return False
        try:
            deployment = await self._cluster.read(DEPLOYMENT, namespace, name)
        except ClusterError as error:
            if not error.refused:
                raise
            return True  # somebody else looks after it, or nobody yet
        return rests_on_account(deployment, name)


def rests_on_account(deployment: Mapping[str, Any] | None, account: str) -> bool:
    """Whether pods of it ask the API server as this account, or are being replaced by such that do
    not.
    """
    if deployment is None:
        return False
    pod = deployment["spec"]["template"]["spec"]
    if pod.get("serviceAccountName") == account and pod.get("automountServiceAccountToken", True):
        return True
    status, generation = deployment.get("status") or {}, deployment["metadata"].get("generation", 0)
    if status.get("observedGeneration", 0) < generation:
        return True
    return bool(status.get("replicas", 0) > status.get("updatedReplicas", 0))
