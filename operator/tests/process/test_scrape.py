"""While Prometheus is being answered, all else goes on: of ten thousand resources it takes long."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterable, Iterator
from types import SimpleNamespace
from typing import Any, cast

import pytest
from dandelion_operator.loop.workqueue import Queue
from dandelion_operator.process.health import Health
from dandelion_operator.process.leader import Elector
from prometheus_client import REGISTRY
from prometheus_client.metrics_core import Metric
from prometheus_client.registry import Collector


class Waiting(Collector):
    """Has something to tell once the event loop has gone on."""

    def __init__(self) -> None:
        self.gone_on = threading.Event()
        self.waited = False

    def describe(self) -> Iterable[Metric]:
        return ()

    def collect(self) -> Iterable[Metric]:
        self.waited = self.gone_on.wait(60)
        return ()


@pytest.fixture
def waiting() -> Iterator[Waiting]:
    collector = Waiting()
    REGISTRY.register(collector)
    yield collector
    REGISTRY.unregister(collector)


def test_a_scrape_does_not_stop_the_event_loop(waiting: Waiting) -> None:
    elector = cast(Elector, SimpleNamespace(leading=True))

    async def scene() -> None:
        asyncio.get_running_loop().call_soon(waiting.gone_on.set)
        await Health(elector, Queue()).metrics(cast(Any, None))

    asyncio.run(scene())
    assert waiting.waited
