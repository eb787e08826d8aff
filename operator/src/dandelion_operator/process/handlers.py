"""What kopf calls: start-up, clean-up, log-in, and handlers that enqueue what an event is about.

Only low-level event handlers are used: they put no finalizer and no annotation on anything, so a
ModelDeployment can be deleted while no operator runs. An event without a type is part of a listing
and tells of nothing that happened just now. Loaded by `__main__` or `kopf run -m`.
"""

from __future__ import annotations

from typing import Any

import kopf

from dandelion_operator.api import naming
from dandelion_operator.api.resource import GROUP, PLURAL, RETRAIN_ANNOTATION, NamespacedName
from dandelion_operator.ports.kube import connection
from dandelion_operator.process import logs
from dandelion_operator.process.operator import Operator
from dandelion_operator.process.settings import Settings

CHILDREN = (("batch", "v1", "jobs"), ("apps", "v1", "deployments"), ("", "v1", "pods"))
CRD_WAIT_SECONDS = 3.0


@kopf.on.startup()
async def start(settings: kopf.OperatorSettings, memo: kopf.Memo, **_: Any) -> None:
    own = Settings.from_environment()
    logs.configure(own.log_format)
    settings.posting.enabled = False
    settings.scanning.disabled = True
    settings.peering.standalone = True
    settings.watching.server_timeout = 600
    for child in CHILDREN:
        settings.watching.label_selectors[child] = naming.OWNER_LABEL
    api = connection.ApiServer(await connection.configuration())
    await _wait_for_crd(api)
    memo.operator = Operator(own, api)
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


@kopf.on.cleanup()
async def stop(memo: kopf.Memo, **_: Any) -> None:
    if "operator" in memo:
        await memo.operator.stop()


@kopf.on.login()
async def log_in(settings: kopf.OperatorSettings, **_: Any) -> kopf.ConnectionInfo:
    return await connection.log_in(settings)


@kopf.on.event(GROUP, "v1alpha1", PLURAL)
async def resource_changed(body: kopf.Body, type: str | None, memo: kopf.Memo, **_: Any) -> None:
    metadata = body["metadata"]
    # A status that this operator wrote itself changes nothing that matters here.
    content = (
        metadata["uid"],
        metadata.get("generation"),
        metadata.get("deletionTimestamp"),
        (metadata.get("annotations") or {}).get(RETRAIN_ANNOTATION),
    )
    if memo.get("content") != content:
        memo.content = content
        key = NamespacedName(metadata["namespace"], metadata["name"])
        memo.operator.queue.enqueue(key, fresh=type is not None)


for _child in CHILDREN:

    @kopf.on.event(*_child, labels={naming.OWNER_LABEL: kopf.PRESENT}, id=f"{_child[2]}_changed")
    async def child_changed(body: kopf.Body, type: str | None, memo: kopf.Memo, **_: Any) -> None:
        metadata = body["metadata"]
        key = NamespacedName(metadata["namespace"], metadata["labels"][naming.OWNER_LABEL])
        memo.operator.queue.enqueue(key, fresh=type is not None)
