"""Calls to the API server: what refusals become, and that nothing is written without the lease."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

import httpx
import pytest
from dandelion_operator.cluster import (
    DEPLOYMENT,
    JOB,
    MODEL_DEPLOYMENT,
    Cluster,
    ClusterError,
    ConflictError,
    UnreachableError,
)
from dandelion_operator.fence import Fence, NotLeadingError

BODY = {"metadata": {"namespace": "default", "name": "x", "resourceVersion": "1"}}
WRITES: dict[str, Callable[[Cluster], Coroutine[Any, Any, Any]]] = {
    "apply": lambda cluster: cluster.apply(DEPLOYMENT, BODY),
    "create": lambda cluster: cluster.create(JOB, BODY),
    "patch": lambda cluster: cluster.patch(JOB, "default", "x", {}),
    "delete": lambda cluster: cluster.delete(JOB, "default", "x"),
    "status": lambda cluster: cluster.replace_status(MODEL_DEPLOYMENT, BODY),
}


def cluster(handle: Callable[[httpx.Request], httpx.Response], leading: bool = True) -> Cluster:
    fence = Fence()
    if leading:
        fence.open_until(float("inf"))
    http = httpx.AsyncClient(
        base_url="http://k8s", transport=httpx.MockTransport(handle), verify=False
    )
    return Cluster(http, fence)


def answer(status: int, message: str = "no") -> Callable[[httpx.Request], httpx.Response]:
    return lambda request: httpx.Response(status, json={"message": message})


@pytest.mark.parametrize("name", WRITES)
def test_without_the_lease_nothing_is_sent(name: str) -> None:
    sent: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        sent.append(request)
        return httpx.Response(200, json={})

    with pytest.raises(NotLeadingError):
        asyncio.run(WRITES[name](cluster(handle, leading=False)))
    assert sent == []


@pytest.mark.parametrize(
    ("status", "error", "refused"),
    [
        (403, ClusterError, True),
        (422, ClusterError, True),
        (409, ConflictError, False),
        (429, UnreachableError, False),
        (503, UnreachableError, False),
    ],
)
def test_a_refusal_comes_back_in_its_own_words(
    status: int, error: type[ClusterError], refused: bool
) -> None:
    with pytest.raises(error, match="exceeded quota") as caught:
        asyncio.run(cluster(answer(status, "exceeded quota")).create(JOB, BODY))
    assert caught.value.refused is refused


def test_an_api_server_that_is_away_is_unreachable() -> None:
    def handle(request: httpx.Request) -> httpx.Response:
        raise httpx.ConnectError("refused", request=request)

    with pytest.raises(UnreachableError, match="refused"):
        asyncio.run(cluster(handle).get(JOB, "default", "x"))


def test_what_is_not_there_is_none_and_deleting_it_is_done() -> None:
    missing = cluster(answer(404))
    assert asyncio.run(missing.get(JOB, "default", "x")) is None
    asyncio.run(missing.delete(JOB, "default", "x"))


def test_a_stopped_run_takes_its_pods_along() -> None:
    bodies: list[bytes] = []

    def handle(request: httpx.Request) -> httpx.Response:
        bodies.append(request.content)
        return httpx.Response(200, json={})

    asyncio.run(cluster(handle).delete(JOB, "default", "x"))
    assert b'"propagationPolicy":"Foreground"' in bodies[0]


def test_apply_is_server_side_and_names_its_manager() -> None:
    requests: list[httpx.Request] = []

    def handle(request: httpx.Request) -> httpx.Response:
        requests.append(request)
        return httpx.Response(200, json={})

    asyncio.run(cluster(handle).apply(DEPLOYMENT, BODY))
    (request,) = requests
    assert request.method == "PATCH"
    assert request.url.params["fieldManager"] == "dandelion-operator"
    assert request.headers["Content-Type"] == "application/apply-patch+yaml"
