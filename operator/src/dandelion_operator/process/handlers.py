"""What kopf calls: start-up, clean-up, log-in, and handlers that tell the caches what an event is
about, and the work queue whom it concerns.

Only low-level event handlers are used: they put no finalizer and no annotation on anything, so a
ModelDeployment can be deleted while no operator runs. An event without a type is part of a listing
and tells of nothing that happened just now. Loaded by `__main__` or `kopf run -m`.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import kopf

from dandelion_operator.api import naming
from dandelion_operator.api.resource import (
    GROUP,
    PLURAL,
    NamespacedName,
)
from dandelion_operator.ports.kube import connection
from dandelion_operator.ports.kube.cluster import UnreachableError
from dandelion_operator.ports.kube.objects import (
    DEPLOYMENT,
    ENDPOINT_SLICE,
    JOB,
    MODEL_DEPLOYMENT,
    POD,
    SERVICE,
    Kind,
)
from dandelion_operator.process import logs, platform
from dandelion_operator.process.operator import Operator
from dandelion_operator.process.settings import Settings

CHILDREN = {
    ("batch", "v1", "jobs"): JOB,
    ("apps", "v1", "deployments"): DEPLOYMENT,
    ("", "v1", "pods"): POD,
    ("", "v1", "services"): SERVICE,
    ("discovery.k8s.io", "v1", "endpointslices"): ENDPOINT_SLICE,
}
CRD_WAIT_SECONDS = 3.0
# A listing is read in pages, and what kopf makes for each object of one is soon let go again:
# thousands of objects at once would decide how much memory the operator takes for good.
LISTED_AT_A_TIME, IDLE_SECONDS = 200, 1.0


@kopf.on.startup()
async def start(settings: kopf.OperatorSettings, memo: kopf.Memo, **_: Any) -> None:
    own = Settings.from_environment()
    logs.configure(own.log_format)
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.peering.standalone = True
    settings.watching.server_timeout = 600
    settings.watching.chunk_size = LISTED_AT_A_TIME
    settings.queueing.idle_timeout = IDLE_SECONDS
    for child in CHILDREN:
        settings.watching.label_selectors[child] = naming.OWNER_LABEL
    settings.watching.label_selectors["", "v1", "namespaces"] = f"{naming.ENABLED_LABEL}=true"
    api = connection.ApiServer(await connection.configuration())
    await _wait_for_crd(api)
    memo.operator = Operator(await _on_this_platform(own, api), api)
    memo.operator.start()


async def _wait_for_crd(api: connection.ApiServer) -> None:
    """kopf looks for the kinds it watches once, so they must be there before it does."""
    try:
        status, _ = await api.request("GET", f"/apis/{GROUP}/v1alpha1")
    except OSError as error:
        await api.aclose()
        raise kopf.TemporaryError(
            f"the API server does not answer: {error!r}", delay=CRD_WAIT_SECONDS
        ) from error
    if status == 404:
        await api.aclose()
        raise kopf.TemporaryError(
            f"the CRD {PLURAL}.{GROUP} is not installed yet", delay=CRD_WAIT_SECONDS
        )


async def _on_this_platform(settings: Settings, api: connection.ApiServer) -> Settings:
    try:
        return await platform.resolved(settings, api)
    except (OSError, UnreachableError) as error:
        await api.aclose()
        raise kopf.TemporaryError(str(error), delay=CRD_WAIT_SECONDS) from error


@kopf.on.cleanup()
async def stop(memo: kopf.Memo, **_: Any) -> None:
    if "operator" in memo:
        await memo.operator.stop()


@kopf.on.login()
async def log_in(settings: kopf.OperatorSettings, **_: Any) -> kopf.ConnectionInfo:
    return await connection.log_in(settings)


@kopf.on.event(GROUP, "v1alpha1", PLURAL)
async def resource_changed(event: kopf.RawEvent, memo: kopf.Memo, **_: Any) -> None:
    _note(memo.operator, MODEL_DEPLOYMENT, event)
    metadata = event["object"]["metadata"]
    # A status that this operator wrote itself changes nothing that matters here.
    content = (
        metadata["uid"],
        metadata.get("generation"),
        metadata.get("deletionTimestamp"),
        _asked_for(metadata.get("annotations") or {}),
    )
    if memo.get("content") != content or event["type"] == "DELETED":
        memo.content = content
        _enqueue(memo.operator, NamespacedName(metadata["namespace"], metadata["name"]), event)


def _asked_for(annotations: Mapping[str, str]) -> Mapping[str, str]:
    """What people write to the operator beside the spec."""
    return {name: text for name, text in annotations.items() if name.startswith(f"{GROUP}/")}


for _child, _kind in CHILDREN.items():

    @kopf.on.event(
        *_child, labels={naming.OWNER_LABEL: kopf.PRESENT}, id=f"{_child[2]}_changed", param=_kind
    )
    async def child_changed(
        event: kopf.RawEvent, memo: kopf.Memo, param: Any = None, **_: Any
    ) -> None:
        _note(memo.operator, param, event)
        metadata = event["object"]["metadata"]
        key = NamespacedName(metadata["namespace"], metadata["labels"][naming.OWNER_LABEL])
        _enqueue(memo.operator, key, event)


def watch_namespaces() -> None:
    """Registers the handler that some installations have no right to."""
    kopf.on.event("", "v1", "namespaces", labels={naming.ENABLED_LABEL: "true"})(namespace_changed)


async def namespace_changed(memo: kopf.Memo, **_: Any) -> None:
    memo.operator.namespaces.wake()


def _note(operator: Operator, kind: Kind, event: kopf.RawEvent) -> None:
    if event["type"] == "DELETED":
        operator.caches.gone(kind, event["object"])
    else:
        operator.caches.seen(kind, event["object"])


def _enqueue(operator: Operator, key: NamespacedName, event: kopf.RawEvent) -> None:
    operator.queue.enqueue(key, fresh=event["type"] is not None)
