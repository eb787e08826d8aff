"""The registry poll: wakes for a moved alias, and once for MLflow going and coming."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.loop.poll import RegistryPoll
from dandelion_operator.loop.wake import Queue
from dandelion_operator.ports.fence import Fence
from dandelion_operator.ports.registry import Registry
from fake_cluster import KEY
from fake_killer import Killer
from fake_mlflow import FakeMlflow


class Woken(Queue):
    def __init__(self) -> None:
        super().__init__()
        self.woken: list[NamespacedName] = []

    @property
    def keys(self) -> tuple[NamespacedName, ...]:
        return (KEY,)

    def wake(self, key: NamespacedName, after: float = 0.0) -> None:
        self.woken.append(key)


@pytest.fixture
def mlflow() -> FakeMlflow:
    fake = FakeMlflow(Killer())
    fake.add_version(run="a")
    return fake


def rounds(mlflow: FakeMlflow) -> tuple[RegistryPoll, Woken]:
    http = httpx.AsyncClient(
        base_url="http://mlflow", transport=httpx.MockTransport(mlflow.handle), verify=False
    )
    queue = Woken()
    poll = RegistryPoll(Registry(http, Fence()), queue, seconds=1)
    asyncio.run(poll.round())
    return poll, queue


def test_nothing_new_wakes_nobody(mlflow: FakeMlflow) -> None:
    poll, queue = rounds(mlflow)
    asyncio.run(poll.round())
    assert queue.woken == []


def test_a_moved_alias_wakes_its_resource(mlflow: FakeMlflow) -> None:
    poll, queue = rounds(mlflow)
    mlflow.aliases["champion"] = "1"
    asyncio.run(poll.round())
    assert queue.woken == [KEY]


def test_mlflow_going_and_coming_wakes_once_each(mlflow: FakeMlflow) -> None:
    poll, queue = rounds(mlflow)
    mlflow.away = True
    for _ in range(3):
        asyncio.run(poll.round())
    assert len(queue.woken) == 1
    mlflow.away = False
    asyncio.run(poll.round())
    assert len(queue.woken) == 2
