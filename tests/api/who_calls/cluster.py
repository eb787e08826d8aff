"""The chart's roles on a real API server, the operator's way to it, and accounts that call."""

from __future__ import annotations

import asyncio
import json
import ssl
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import yaml
from dandelion_operator.ports.fence import Fence
from dandelion_operator.ports.kube.cluster import Cluster

from tests.api.server import ApiServer
from tests.api.test_access import OPERATOR, RBAC
from tests.api.test_crd import model_deployment
from tests.chart.rendering import render

BINDING = "dandelion-token-reviewers"
REVIEWER = "dandelion-token-reviewer"


def chart() -> str:
    documents = [
        dict(item.content) for item in render({"namespace": {"create": True}}) if item.kind in RBAC
    ]
    return yaml.safe_dump_all(documents)


def ask(api: ApiServer, name: str, auth: str) -> None:
    api.apply(model_deployment(name, serving={"auth": auth}), "--server-side", "-n", "team")


class AsTheOperator:
    """The operator's way to the API server, with the rights that the chart gives it."""

    def __init__(self, api: ApiServer, http: httpx.AsyncClient, token: str) -> None:
        self._base = f"https://127.0.0.1:{api.port}"
        self._http = http
        self._authorization = {"Authorization": f"Bearer {token}"}

    async def request(
        self,
        method: str,
        path: str,
        query: dict[str, str] | None = None,
        headers: dict[str, str] | None = None,
        body: dict[str, Any] | None = None,
    ) -> tuple[int, Any]:
        answer = await self._http.request(
            method,
            self._base + path,
            params=query,
            headers={"Content-Type": "application/json"} | self._authorization | (headers or {}),
            content=json.dumps(body) if body is not None else None,
        )
        return answer.status_code, answer.json()


def as_the_operator(api: ApiServer, work: Callable[[Cluster], Awaitable[None]]) -> None:
    namespace, _, account = OPERATOR.partition(":")
    token = api.kubectl("create", "token", account, "-n", namespace).strip()
    trusted = ssl.create_default_context(cafile=str(api.authority))
    fence = Fence()
    fence.open_until(float("inf"))

    async def run() -> None:
        async with httpx.AsyncClient(verify=trusted, timeout=60, trust_env=False) as http:
            await work(Cluster(AsTheOperator(api, http, token), fence))

    asyncio.run(run())


def account(name: str) -> dict[str, Any]:
    return {"apiVersion": "v1", "kind": "ServiceAccount", "metadata": {"name": name}}


def bind(api: ApiServer, name: str, role: str, subject: str) -> None:
    api.apply(
        api.kubectl(
            *("create", "rolebinding", name, role, f"--serviceaccount={subject}", "-n", "team"),
            *("--dry-run=client", "-o", "yaml"),
        )
    )
