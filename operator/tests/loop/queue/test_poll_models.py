"""The registry poll over several models: the trouble of one is not that of the others."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest
from dandelion_operator.api import naming
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.loop.poll import RegistryPoll
from dandelion_operator.loop.workqueue import Queue
from dandelion_operator.ports.fence import Fence
from dandelion_operator.ports.registry import Registry
from dandelion_operator.ports.registry.calls import LISTING

NAMES = ("lawn", "park", "yard", "wood")
KEYS = tuple(NamespacedName("default", name) for name in NAMES)


class Several(Queue):
    def __init__(self) -> None:
        super().__init__()
        self.enqueued: list[str] = []

    @property
    def keys(self) -> tuple[NamespacedName, ...]:
        return KEYS

    def enqueue(self, key: NamespacedName, after: float = 0.0, fresh: bool = True) -> None:
        self.enqueued.append(key.name)


class Models:
    """Each with an answer of its own: a version that the champion is, a status, or an error."""

    def __init__(self) -> None:
        self.champion: dict[str, Any] = dict.fromkeys(map(naming.registered_model, KEYS), "1")

    def says(self, name: str, what: Any) -> None:
        self.champion[naming.registered_model(NamespacedName("default", name))] = what

    def handle(self, request: httpx.Request) -> httpx.Response:
        if request.url.path == LISTING:
            return httpx.Response(404, text="Not Found")
        if request.url.path.endswith("/registered-models/search"):
            return self._page()
        if request.url.path.endswith("/model-versions/search"):
            return httpx.Response(200, json={})
        said = self.champion[request.url.params["name"]]
        if isinstance(said, Exception):
            raise said
        if isinstance(said, int):
            return httpx.Response(said, text="Internal Server Error")
        aliases = [{"alias": "champion", "version": said}]
        return httpx.Response(200, json={"registered_model": {"aliases": aliases}})

    def _page(self) -> httpx.Response:
        """One model in trouble is trouble for the whole of it."""
        for said in self.champion.values():
            if isinstance(said, RuntimeError):
                raise said
            if not str(said).isdigit() or isinstance(said, int):
                return httpx.Response(500, text="Internal Server Error")
        models = [
            {"name": name, "aliases": [{"alias": "champion", "version": said}]}
            for name, said in self.champion.items()
        ]
        return httpx.Response(200, json={"registered_models": models})


def registry(models: Models) -> Registry:
    transport = httpx.MockTransport(models.handle)
    return Registry(
        httpx.AsyncClient(base_url="http://mlflow", transport=transport, verify=False), Fence()
    )


def polled(models: Models) -> tuple[RegistryPoll, Several]:
    queue = Several()
    poll = RegistryPoll(registry(models), queue, seconds=0)
    asyncio.run(poll.round())
    return poll, queue


@pytest.mark.parametrize(
    "trouble",
    [
        pytest.param(500, id="an error"),
        pytest.param(httpx.ReadTimeout("slow"), id="no answer"),
        pytest.param("newest", id="an answer of the wrong shape"),
    ],
)
def test_a_model_in_trouble_does_not_blind_the_poll_for_others(trouble: Any) -> None:
    models = Models()
    poll, queue = polled(models)
    models.says("park", trouble)
    for champion in ("2", "2", "3"):
        models.says("yard", champion)
        asyncio.run(poll.round())
    assert queue.enqueued == ["park", "yard", "yard"], "and says its own trouble once"
    models.says("park", "1")
    asyncio.run(poll.round())
    assert queue.enqueued == ["park", "yard", "yard", "park"]


def test_silence_for_every_model_is_told_once_and_so_is_its_end() -> None:
    models = Models()
    poll, queue = polled(models)
    for name in NAMES:
        models.says(name, httpx.ReadTimeout("slow"))
    for _ in range(3):
        asyncio.run(poll.round())
    assert set(queue.enqueued) == set(NAMES)
    queue.enqueued.clear()
    for name in NAMES:
        models.says(name, "1")
    asyncio.run(poll.round())
    assert set(queue.enqueued) == set(NAMES)


def test_whatever_a_round_ends_in_the_next_one_comes() -> None:
    models = Models()
    models.says("lawn", RuntimeError("never thought of"))

    async def scene() -> None:
        ended = asyncio.Event()

        class Rounds(RegistryPoll):
            async def round(self) -> int:
                try:
                    return await super().round()
                finally:
                    ended.set()

        queue = Several()
        task = asyncio.create_task(Rounds(registry(models), queue, seconds=0).run(lambda: True))
        for champion in ("1", "2"):
            await ended.wait()
            ended.clear()
            models.says("lawn", champion)
        await ended.wait()
        assert queue.enqueued == ["lawn"]
        task.cancel()

    asyncio.run(scene())
