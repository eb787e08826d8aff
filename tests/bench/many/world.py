"""Resources by the hundred, when each of them was settled, and what the API server was asked."""

from __future__ import annotations

import asyncio
import json
import re
import ssl
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import Any

import httpx

from tests.api.server import ADMIN_TOKEN, ApiServer
from tests.bench.many.scenarios import Scenario

PATH = "/apis/dandelion.dev/v1alpha1/namespaces/default/modeldeployments"
AT_A_TIME = 16
# Longer than any measurement; by itself, the API server ends a watch after half an hour.
WATCH_SECONDS = 24 * 3600
REQUEST = re.compile(r"^apiserver_request_total\{(.*)\} ([0-9.e+]+)$", re.MULTILINE)
LABEL = re.compile(r'(\w+)="([^"]*)"')
# The API server asks itself about others too, and renews a lease of its own.
RESOURCES = frozenset(
    {
        "modeldeployments",
        "jobs",
        "pods",
        "deployments",
        "services",
        "secrets",
        "serviceaccounts",
        "events",
        "endpointslices",
        "clusterrolebindings",
        "horizontalpodautoscalers",
        "poddisruptionbudgets",
        "networkpolicies",
    }
)
READS, WRITES = frozenset({"GET", "LIST"}), frozenset({"POST", "PUT", "PATCH", "APPLY", "DELETE"})


@dataclass(frozen=True)
class Requests:
    """Answered since the API server started, leases left out."""

    reads: int
    writes: int

    def since(self, before: Requests) -> Requests:
        return Requests(self.reads - before.reads, self.writes - before.writes)


@dataclass
class Resources:
    """Seen through one watch; moments are those of the monotonic clock.

    `serves`: the version of which alone the pods are, as the status tells it.
    """

    http: httpx.AsyncClient
    scenario: Scenario
    created: dict[str, float] = field(default_factory=dict)
    settled: dict[str, float] = field(default_factory=dict)
    changed: dict[str, float] = field(default_factory=dict)
    serves: dict[str, str] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)

    async def create(self, name: str) -> None:
        body = self.scenario.body(name)
        (await self.http.post(PATH, json=body)).raise_for_status()
        self.created[name] = time.monotonic()

    async def create_all(self, names: Sequence[str]) -> None:
        slots = asyncio.Semaphore(AT_A_TIME)

        async def one(name: str) -> None:
            async with slots:
                await self.create(name)

        await asyncio.gather(*map(one, names))

    async def until_settled(self, names: Sequence[str], seconds: float) -> None:
        left = list(names)

        def nobody_is_left() -> bool:
            while left and left[-1] in self.settled:
                left.pop()
            return not left

        await self.until(nobody_is_left, seconds)

    async def until(self, holds: Callable[[], bool], seconds: float) -> None:
        """Looked at whenever the watch tells of something."""
        async with asyncio.timeout(seconds), self._news:
            await self._news.wait_for(holds)

    def seconds(self, names: Sequence[str]) -> list[float]:
        """From the API server's answer to the status that says where each stands."""
        return [max(0.0, self.settled[name] - self.created[name]) for name in names]

    async def requests(self) -> Requests:
        text = (await self.http.get("/metrics")).text
        counted = {"reads": 0, "writes": 0}
        for labels, count in REQUEST.findall(text):
            about = dict(LABEL.findall(labels))
            if about["resource"] not in RESOURCES:
                continue
            for what, verbs in (("reads", READS), ("writes", WRITES)):
                if about["verb"] in verbs:
                    counted[what] += int(float(count))
        return Requests(**counted)

    async def watch(self) -> None:
        """For good: the API server ends a watch that falls behind, or for reasons of its own."""
        while True:
            params = {"watch": "true", "timeoutSeconds": str(WATCH_SECONDS)}
            async with self.http.stream("GET", PATH, params=params, timeout=None) as response:
                response.raise_for_status()
                async for line in response.aiter_lines():
                    event = json.loads(line)
                    if event["type"] == "ERROR":
                        break
                    async with self._news:
                        self._note(event["object"])
                        self._news.notify_all()

    def _note(self, body: dict[str, Any]) -> None:
        name, now = body["metadata"]["name"], time.monotonic()
        if self.seen.get(name) == body["metadata"]["resourceVersion"]:
            return  # a new watch begins with everything there is
        self.seen[name] = body["metadata"]["resourceVersion"]
        self.changed[name] = now
        self.serves[name] = ((body.get("status") or {}).get("champion") or {}).get("version", "")
        if name not in self.settled and self.scenario.is_settled(body):
            self.settled[name] = now


@asynccontextmanager
async def resources(api: ApiServer, scenario: Scenario) -> AsyncIterator[Resources]:
    trusted = ssl.create_default_context(cafile=str(api.authority))
    async with httpx.AsyncClient(
        base_url=f"https://127.0.0.1:{api.port}",
        headers={"Authorization": f"Bearer {ADMIN_TOKEN}"},
        verify=trusted,
        trust_env=False,
        timeout=60,
    ) as http:
        found = Resources(http, scenario)
        watching = asyncio.create_task(found.watch())
        # Without the watch, everything would be waited for in vain.
        whole = asyncio.current_task()
        watching.add_done_callback(lambda task: task.cancelled() or (whole and whole.cancel()))
        try:
            yield found
        finally:
            watching.cancel()
            await asyncio.wait([watching])
            if not watching.cancelled():
                watching.result()
