"""The operator's own HTTP endpoints: /healthz and /readyz for the kubelet, /metrics for Prometheus.

A stuck event loop cannot answer at all; what is checked beyond that is whether the queue and the
election still turn. A standby is ready: it watches and could take over at once.
"""

from __future__ import annotations

import asyncio
import time
from collections.abc import Callable

from aiohttp import web
from prometheus_client import CONTENT_TYPE_LATEST, generate_latest

from dandelion_operator.loop.workqueue import Queue
from dandelion_operator.ports import metrics
from dandelion_operator.process.leader import Elector

STUCK_AFTER = 60.0
RECONCILE_STUCK_AFTER = 300.0


class Health:
    def __init__(
        self, elector: Elector, queue: Queue, monotonic: Callable[[], float] = time.monotonic
    ) -> None:
        self._elector = elector
        self._queue = queue
        self._monotonic = monotonic

    def trouble(self) -> str | None:
        now = self._monotonic()
        if now - self._queue.last_turn > STUCK_AFTER:
            return "the work queue stands still"
        if now - self._elector.last_attempt > STUCK_AFTER:
            return "the leader election stands still"
        if self._queue.longest_reconcile > RECONCILE_STUCK_AFTER:
            return "a reconcile does not end"
        return None

    async def healthz(self, _: web.Request) -> web.Response:
        trouble = self.trouble()
        return web.json_response({"trouble": trouble}, status=503 if trouble else 200)

    async def readyz(self, _: web.Request) -> web.Response:
        return web.json_response({"leading": self._elector.leading})

    async def metrics(self, _: web.Request) -> web.Response:
        metrics.LEADING.set(self._elector.leading)
        if not self._elector.leading:
            metrics.forget_all()
        # Of ten thousand resources that takes seconds, in which a lease has to be renewed.
        text = await asyncio.to_thread(generate_latest)
        return web.Response(body=text, headers={"Content-Type": CONTENT_TYPE_LATEST})


async def serve(health: Health, health_port: int, metrics_port: int) -> None:
    """Until cancelled."""
    runners = []
    for port, routes in (
        (health_port, {"/healthz": health.healthz, "/readyz": health.readyz}),
        (metrics_port, {"/metrics": health.metrics}),
    ):
        app = web.Application()
        app.add_routes([web.get(path, handler) for path, handler in routes.items()])
        runner = web.AppRunner(app, handle_signals=False, access_log=None, shutdown_timeout=1.0)
        await runner.setup()
        await web.TCPSite(runner, None, port).start()
        runners.append(runner)
    try:
        await asyncio.Event().wait()
    finally:
        for runner in runners:
            await runner.cleanup()
