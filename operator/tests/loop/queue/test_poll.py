"""The registry poll: enqueues for a moved alias, and once for MLflow going and coming."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.loop.poll import RegistryPoll
from dandelion_operator.loop.workqueue import Queue
from dandelion_operator.ports.fence import Fence
from dandelion_operator.ports.registry import Registry
from fakes.cluster import KEY
from fakes.killer import Killer
from fakes.mlflow import FakeMlflow


class Enqueued(Queue):
    def __init__(self) -> None:
        super().__init__()
        self.enqueued: list[NamespacedName] = []

    @property
    def keys(self) -> tuple[NamespacedName, ...]:
        return (KEY,)

    def enqueue(self, key: NamespacedName, after: float = 0.0, fresh: bool = True) -> None:
        self.enqueued.append(key)


@pytest.fixture
def mlflow() -> FakeMlflow:
    fake = FakeMlflow(Killer())
    fake.add_version(run="a")
    return fake


def rounds(mlflow: FakeMlflow) -> tuple[RegistryPoll, Enqueued]:
    http = httpx.AsyncClient(
        base_url="http://mlflow", transport=httpx.MockTransport(mlflow.handle), verify=False
    )
    queue = Enqueued()
    poll = RegistryPoll(Registry(http, Fence()), queue, seconds=1)
    asyncio.run(poll.round())
    return poll, queue


def test_nothing_new_enqueues_nothing(mlflow: FakeMlflow) -> None:
    poll, queue = rounds(mlflow)
    asyncio.run(poll.round())
    assert queue.enqueued == []


def test_a_moved_alias_enqueues_its_resource(mlflow: FakeMlflow) -> None:
    poll, queue = rounds(mlflow)
    mlflow.aliases["champion"] = "1"
    asyncio.run(poll.round())
    assert queue.enqueued == [KEY]


def test_mlflow_going_and_coming_enqueues_once_each(mlflow: FakeMlflow) -> None:
    poll, queue = rounds(mlflow)
    mlflow.away = True
    for _ in range(3):
        asyncio.run(poll.round())
    assert len(queue.enqueued) == 1
    mlflow.away = False
    asyncio.run(poll.round())
    assert len(queue.enqueued) == 2
