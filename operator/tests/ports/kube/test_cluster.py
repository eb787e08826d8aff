"""Calls to the API server: what refusals become, and that nothing is written without the lease."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Coroutine
from dataclasses import dataclass, field
from typing import Any

import pytest
from dandelion_operator.ports.fence import Fence, NotLeadingError
from dandelion_operator.ports.kube.cluster import (
    Cluster,
    ClusterError,
    ConflictError,
    UnreachableError,
)
from dandelion_operator.ports.kube.objects import DEPLOYMENT, JOB, MODEL_DEPLOYMENT

BODY = {"metadata": {"namespace": "default", "name": "x", "resourceVersion": "1"}}
WRITES: dict[str, Callable[[Cluster], Coroutine[Any, Any, Any]]] = {
    "apply": lambda cluster: cluster.apply(DEPLOYMENT, BODY),
    "create": lambda cluster: cluster.create(JOB, BODY),
    "patch": lambda cluster: cluster.patch(JOB, "default", "x", {}),
    "delete": lambda cluster: cluster.delete(JOB, "default", "x"),
    "status": lambda cluster: cluster.replace_status(MODEL_DEPLOYMENT, BODY),
}


@dataclass
class Server:
    """Gives one answer, or the error of an API server that gives none, and notes what was asked."""

    answer: tuple[int, Any] | OSError = (200, {})
    asked: list[tuple[str, str, dict[str, Any]]] = field(default_factory=list)

    async def request(self, method: str, path: str, **about: Any) -> tuple[int, Any]:
        self.asked.append((method, path, about))
        if isinstance(self.answer, OSError):
            raise self.answer
        return self.answer


def cluster(server: Server, leading: bool = True) -> Cluster:
    fence = Fence()
    if leading:
        fence.open_until(float("inf"))
    return Cluster(server, fence)


@pytest.mark.parametrize("name", WRITES)
def test_without_the_lease_nothing_is_sent(name: str) -> None:
    server = Server()
    with pytest.raises(NotLeadingError):
        asyncio.run(WRITES[name](cluster(server, leading=False)))
    assert server.asked == []


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
        asyncio.run(cluster(Server((status, {"message": "exceeded quota"}))).create(JOB, BODY))
    assert caught.value.refused is refused


@pytest.mark.parametrize("error", [ConnectionError("refused"), TimeoutError("refused")])
def test_an_api_server_that_is_away_is_unreachable(error: OSError) -> None:
    with pytest.raises(UnreachableError, match="refused"):
        asyncio.run(cluster(Server(error)).get(JOB, "default", "x"))


def test_an_answer_without_words_is_told_by_its_number() -> None:
    with pytest.raises(UnreachableError, match="HTTP 502"):
        asyncio.run(cluster(Server((502, None))).get(JOB, "default", "x"))


def test_what_is_not_there_is_none_and_deleting_it_is_done() -> None:
    missing = cluster(Server((404, {"message": "no"})))
    assert asyncio.run(missing.get(JOB, "default", "x")) is None
    asyncio.run(missing.delete(JOB, "default", "x"))


def test_a_stopped_run_takes_its_pods_along() -> None:
    server = Server()
    asyncio.run(cluster(server).delete(JOB, "default", "x"))
    ((_, _, about),) = server.asked
    assert about["body"]["propagationPolicy"] == "Foreground"


def test_apply_is_server_side_and_names_its_manager() -> None:
    server = Server()
    asyncio.run(cluster(server).apply(DEPLOYMENT, BODY))
    ((method, path, about),) = server.asked
    assert (method, path) == ("PATCH", "/apis/apps/v1/namespaces/default/deployments/x")
    assert about["query"]["fieldManager"] == "dandelion-operator"
    assert about["headers"] == {"Content-Type": "application/apply-patch+yaml"}
