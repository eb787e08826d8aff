"""Keeps the chart's one ClusterRoleBinding for token reviews: who of the serving pods may ask.

Its subjects are always the whole list, made anew from the ModelDeployments that there are, so
nothing has to be undone when one is deleted while no operator runs. What was made of a version of
one holds for as long as it has that version. `observe` asks whether a
resource's account is among them, `apply` brings the list up to date before its pods are made, and
`run`, started by `process.operator`, lets those go that are no longer wanted.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any

import structlog

from dandelion_operator.api import naming
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.api.spec.serving import Auth
from dandelion_operator.api.status import parse as parse_status
from dandelion_operator.api.status.conditions import ConditionType
from dandelion_operator.ports.fence import NotLeadingError
from dandelion_operator.ports.kube.caches import Entry
from dandelion_operator.ports.kube.cluster import Cluster, ClusterError
from dandelion_operator.ports.kube.objects import CLUSTER_ROLE_BINDING, MODEL_DEPLOYMENT

RBAC = "rbac.authorization.k8s.io"

log = structlog.get_logger(__name__)


@dataclass(frozen=True)
class Asking:
    """What one version of a ModelDeployment tells of its pods."""

    uid: str
    version: int
    asks_who_calls: bool
    has_let_go: bool


class TokenReviewers:
    def __init__(self, cluster: Cluster, binding: str, namespaces: Sequence[str]) -> None:
        self._cluster = cluster
        self._binding = binding
        self._namespaces = namespaces or ("",)
        # Two lists made at the same time could be written in the wrong order.
        self._turn = asyncio.Lock()
        self._known: dict[NamespacedName, Asking] = {}

    @property
    def set_up(self) -> bool:
        return bool(self._binding)

    async def includes(self, key: NamespacedName) -> bool:
        """Raises ClusterError."""
        return subject(key) in await self._subjects()

    async def bring_up_to_date(self) -> None:
        """Raises ClusterError."""
        async with self._turn:
            current = await self._subjects()
            wanted = token_reviewers(self._binding, await self._wanted(current))
            if wanted["subjects"] != current:
                await self._cluster.apply(CLUSTER_ROLE_BINDING, wanted)

    async def run(self, allowed: Callable[[], bool], seconds: float) -> None:
        while True:
            if self.set_up and allowed():
                await self._look_after()
            await asyncio.sleep(seconds)

    async def _look_after(self) -> None:
        try:
            await self.bring_up_to_date()
        except NotLeadingError:
            return  # whoever leads does it
        except ClusterError as error:
            log.warning("the list of token reviewers is not looked after", cause=str(error))

    async def _subjects(self) -> list[dict[str, str]]:
        binding = self._binding or "for token reviews"
        found = self._binding and await self._cluster.get(CLUSTER_ROLE_BINDING, "", self._binding)
        if not found:
            raise ClusterError(
                HTTPStatus.UNPROCESSABLE_ENTITY,
                f"there is no ClusterRoleBinding {binding}: install the chart with "
                "rbac.clusterTokens=true, or write spec.serving.auth: None",
            )
        return [
            {field: item.get(field, "") for field in ("kind", "name", "namespace")}
            for item in found.get("subjects") or []
        ]

    async def _wanted(self, current: Sequence[Mapping[str, str]]) -> list[NamespacedName]:
        lists = await asyncio.gather(
            *(self._cluster.entries(MODEL_DEPLOYMENT, namespace) for namespace in self._namespaces)
        )
        self._known = {
            NamespacedName(entry.listed.namespace, entry.listed.name): self._read(entry)
            for found in lists
            for entry in found
        }
        return [
            key
            for key, asking in self._known.items()
            if asking.asks_who_calls or (subject(key) in current and not asking.has_let_go)
        ]

    def _read(self, entry: Entry) -> Asking:
        listed = entry.listed
        known = self._known.get(NamespacedName(listed.namespace, listed.name))
        if known is not None and (known.uid, known.version) == (listed.uid, listed.version):
            return known
        body = entry.load()
        return Asking(listed.uid, listed.version, _asks_who_calls(body), _has_let_go(body))


def _asks_who_calls(body: Mapping[str, Any]) -> bool:
    """Read from the raw object: one that no longer parses goes on serving as it is."""
    serving = (body.get("spec") or {}).get("serving") or {}
    return bool(serving.get("auth") == Auth.CLUSTER_TOKENS)


def _has_let_go(body: Mapping[str, Any]) -> bool:
    """Whether no pod of a time when it asked who calls is left."""
    rolled_out = parse_status(body.get("status")).condition(ConditionType.ROLLED_OUT)
    generation = body["metadata"].get("generation", 0)
    return (
        rolled_out is not None
        and rolled_out.status == "True"
        and rolled_out.observed_generation == generation
    )


def token_reviewers(binding: str, keys: Iterable[NamespacedName]) -> dict[str, Any]:
    """Only the subjects: the binding itself, with the role it names, is the chart's."""
    return {
        "apiVersion": f"{RBAC}/v1",
        "kind": "ClusterRoleBinding",
        "metadata": {"name": binding},
        "subjects": [subject(key) for key in sorted(keys, key=str)],
    }


def subject(key: NamespacedName) -> dict[str, str]:
    return {
        "kind": "ServiceAccount",
        "name": naming.inference(key),
        "namespace": key.namespace,
    }
