"""The running operator: its parts put together, started and stopped in the right order.

Stopping closes the fence first, waits for the writes that are on their way, and only then gives the
lease back: the next operator never writes beside this one. Called by `handlers` from kopf's
start-up and clean-up.
"""

from __future__ import annotations

import asyncio
import contextlib
import os
import signal
import socket
import uuid
from collections.abc import Collection, Coroutine
from functools import partial
from typing import Any

import httpx
import structlog

from dandelion_operator.loop.poll import RegistryPoll
from dandelion_operator.loop.reconcile import Reconciler
from dandelion_operator.loop.workqueue import Queue
from dandelion_operator.ports import registry
from dandelion_operator.ports.breaker import Breaker
from dandelion_operator.ports.clients import Clients
from dandelion_operator.ports.fence import Fence
from dandelion_operator.ports.kube.audit import Audit
from dandelion_operator.ports.kube.caches import Caches
from dandelion_operator.ports.kube.cluster import Cluster
from dandelion_operator.ports.kube.connection import ApiServer
from dandelion_operator.ports.kube.namespaces import Namespaces
from dandelion_operator.ports.kube.reviewers import FormerReviewers
from dandelion_operator.ports.lookups import Lookups
from dandelion_operator.ports.probes import Probes, probe
from dandelion_operator.ports.probes.probe import Probe
from dandelion_operator.ports.registry import Registry
from dandelion_operator.ports.s3.identity import OperatorIdentity
from dandelion_operator.ports.s3.storage import Storage
from dandelion_operator.ports.s3.sts import TokenService
from dandelion_operator.process import health
from dandelion_operator.process.leader import Elector
from dandelion_operator.process.lease import LeaseStore
from dandelion_operator.process.settings import Settings

# Seconds: the poll asks by itself, so all resources are told soon that MLflow is back.
MLFLOW_PAUSE = 10.0

log = structlog.get_logger(__name__)


class Operator:
    def __init__(self, settings: Settings, api: ApiServer) -> None:
        self._settings = settings
        asks = bool(settings.mlflow_audience)
        token_file = settings.mlflow_token_file if asks else None
        mlflow = registry.http_client(settings.mlflow_tracking_uri, token_file)
        pods = probe.http_client()
        self._connections: list[ApiServer | httpx.AsyncClient] = [api, mlflow, pods]
        fence = Fence()
        self.caches = Caches(settings.namespaces)
        cluster = Cluster(api, fence, self.caches)
        breaker = Breaker(longest_pause=MLFLOW_PAUSE)
        model_registry = Registry(mlflow, fence, breaker, by_namespace=asks)
        self.fence = fence
        self.queue = Queue()
        self._audit = Audit(cluster, self.caches, partial(self.queue.enqueue, fresh=False))
        leases = LeaseStore(cluster, settings.operator_namespace, settings.lease_name)
        self.elector = Elector(leases, identity(settings), fence)
        self._poll = RegistryPoll(model_registry, self.queue, settings.registry_poll_seconds)
        self._reviewers = FormerReviewers(
            cluster, settings.token_reviewer_binding, settings.namespaces
        )
        self.namespaces = Namespaces(cluster, settings.rights, self._namespaces_changed)
        self._storage = Storage()
        self._tokens = TokenService()
        defaults = settings.defaults
        self._identity = OperatorIdentity(defaults) if defaults.identity is not None else None
        self._probes = Probes(Probe(pods), self.queue.enqueue)
        self._lookups = Lookups(self.queue.enqueue)
        clients = Clients(
            cluster,
            model_registry,
            self._storage,
            self._probes,
            defaults,
            self.namespaces,
            self._lookups,
            self._tokens,
            self._identity,
        )
        self._reconciler = Reconciler(clients, settings.resync_seconds)
        self._health = health.Health(self.elector, self.queue)
        self._tasks: dict[str, asyncio.Task[None]] = {}

    def start(self) -> None:
        settings = self._settings
        self._spawn(
            "health", health.serve(self._health, settings.health_port, settings.metrics_port)
        )
        self._spawn("election", self.elector.run())
        self._spawn("audit", self._audit.run())
        self._spawn("queue", self.queue.run(self._reconciler, self._may_reconcile))
        self._spawn("poll", self._poll.run(lambda: self.fence.open))
        self._spawn("namespaces", self.namespaces.run(lambda: self.fence.open))
        self._spawn(
            "reviewers", self._reviewers.run(lambda: self.fence.open, settings.resync_seconds)
        )

    def _may_reconcile(self) -> bool:
        wait = self._audit.worth_waiting_for or self._poll.worth_waiting_for
        return self.fence.open and self.namespaces.known and not wait

    def _namespaces_changed(self, names: Collection[str]) -> None:
        for key in self.queue.keys:
            if key.namespace in names:
                self.queue.enqueue(key)

    def _spawn(self, name: str, work: Coroutine[Any, Any, None]) -> None:
        task = asyncio.create_task(work, name=name)
        task.add_done_callback(self._ended)
        self._tasks[name] = task

    def _ended(self, task: asyncio.Task[None]) -> None:
        """A part that dies takes the process with it: a new one starts from what is stored."""
        if not task.cancelled() and (error := task.exception()) is not None:
            log.critical("the operator ends", part=task.get_name(), exc_info=error)
            signal.raise_signal(signal.SIGTERM)

    async def stop(self) -> None:
        await self._cancel("election")
        await self._cancel("poll")
        await self._cancel("audit")
        await self._cancel("reviewers")
        await self._cancel("namespaces")
        self.fence.close()
        self.queue.stop()
        with contextlib.suppress(ExceptionGroup):
            await self._tasks["queue"]
        await self.elector.release()
        await self._cancel("health")
        self._probes.close()
        self._lookups.close()
        self._storage.close()
        self._tokens.close()
        if self._identity is not None:
            self._identity.close()
        for connection in self._connections:
            await connection.aclose()

    async def _cancel(self, name: str) -> None:
        task = self._tasks[name]
        task.cancel()
        await asyncio.wait([task])


def identity(settings: Settings) -> str:
    """A pod's name is its own for good: a container that starts again takes its lease back at once.

    Outside of a pod nothing vouches that an earlier process of the same name is gone.
    """
    if settings.pod_name:
        return settings.pod_name
    return f"{socket.gethostname()}-{os.getpid()}-{uuid.uuid4().hex[:8]}"
