"""What answers at MLflow's address may be anything: it ends no process and blinds nobody else."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.ports import registry as port
from dandelion_operator.ports.breaker import Breaker
from dandelion_operator.ports.fence import Fence
from dandelion_operator.ports.registry import Registry, RegistryError, calls, http_client
from fakes.hostile import Behaviour, answer, drips, floods, hostile, says, silent

MODEL = "default.lawn"
Handle = Callable[[httpx.Request], httpx.Response]
SOUND: dict[str, Any] = {
    "registered-models/get": {"registered_model": {}},
    "model-versions/search": {"model_versions": []},
}


def registry(handle: Handle, breaker: Breaker | None = None) -> Registry:
    fence = Fence()
    fence.open_until(float("inf"))
    http = httpx.AsyncClient(
        base_url="http://me:hush@mlflow", transport=httpx.MockTransport(handle), verify=False
    )
    return Registry(http, fence, breaker)


def answers(**changed: Any) -> Handle:
    """Sound answers but for one, by the last part of its path."""

    def handle(request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/2.0/mlflow/")
        said = changed.get(path.rpartition("/")[2], SOUND.get(path))
        if isinstance(said, bytes):
            return httpx.Response(200, content=said)
        return httpx.Response(200, json=said)

    return handle


@pytest.mark.parametrize(
    "handle",
    [
        pytest.param(answers(get=b""), id="nothing"),
        pytest.param(answers(get=b"<html>log in</html>"), id="a page to log in"),
        pytest.param(answers(get=b"[" * 100_000), id="JSON without a floor"),
        pytest.param(answers(get=b"\xff\xfe"), id="bytes"),
        pytest.param(answers(get=[]), id="a list"),
        pytest.param(answers(get={}), id="no model"),
        pytest.param(answers(get={"registered_model": None}), id="a model that is none"),
        pytest.param(answers(get={"registered_model": {"aliases": 3}}), id="aliases are no list"),
        pytest.param(
            answers(get={"registered_model": {"aliases": [{"alias": "champion"}]}}),
            id="an alias of nothing",
        ),
        pytest.param(
            answers(get={"registered_model": {"aliases": [{"alias": "a", "version": "new"}]}}),
            id="an alias of no number",
        ),
        pytest.param(
            answers(get={"registered_model": {"last_updated_timestamp": "now"}}), id="no time"
        ),
    ],
)
def test_an_answer_of_the_wrong_shape_is_an_error_of_its_model(handle: Handle) -> None:
    found = asyncio.run(registry(handle).snapshot(MODEL))
    assert isinstance(found, Failure)
    assert found.reason is Reason.REGISTRY_UNREACHABLE
    with pytest.raises(RegistryError):
        asyncio.run(registry(handle).pulse(MODEL))


@pytest.mark.parametrize(
    "versions",
    [
        pytest.param("none", id="no list"),
        pytest.param([{}], id="a version without a number"),
        pytest.param([{"version": "latest"}], id="a version of no number"),
        pytest.param([{"version": "1", "tags": [{}]}], id="a tag without a name"),
        pytest.param([{"version": "1", "tags": {"a": "b"}}], id="tags of another form"),
        pytest.param([{"version": "1", "source": 5}], id="a source that is none"),
    ],
)
def test_versions_of_the_wrong_shape_are_an_error_of_their_model(versions: Any) -> None:
    found = asyncio.run(registry(answers(search={"model_versions": versions})).snapshot(MODEL))
    assert isinstance(found, Failure)
    assert "answers what it should not: model_versions" in found.message
    assert "hush" not in found.message


def test_a_write_that_only_seems_to_be_answered_is_refused() -> None:
    page = httpx.Response(200, text="<html>log in</html>")
    with pytest.raises(RegistryError, match="not MLflow"):
        asyncio.run(registry(lambda request: page).set_alias(MODEL, "champion", 1))


@pytest.mark.parametrize(
    ("behaviour", "words"),
    [
        pytest.param(silent, "does not answer", id="silence"),
        pytest.param(drips(b"HTTP/1.1 200 OK\r\n", b"X: 1\r\n"), "does not", id="endless headers"),
        pytest.param(drips(b"HTTP/1.1 200 OK\r\n\r\n", b" "), "does not answer", id="a drip"),
        pytest.param(floods(b"HTTP/1.1 200 OK\r\n\r\n"), "larger than", id="a flood"),
        pytest.param(
            says(answer(b"\x1f\x8b", "200 OK\r\nContent-Encoding: gzip")), "compresses", id="a bomb"
        ),
        pytest.param(says(answer(b"", "302 Found\r\nLocation: /x")), "HTTP 302", id="elsewhere"),
        pytest.param(says(b"SSH-2.0-OpenSSH\r\n"), "does not answer", id="no HTTP"),
    ],
)
def test_a_read_ends_whatever_listens(
    behaviour: Behaviour, words: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    # What is refused by its content is given the time that a busy machine takes to read it.
    seconds = 0.3 if words in {"does not answer", "does not"} else 60
    for module in (calls, port):
        monkeypatch.setattr(module, "READ_SECONDS", seconds)
    monkeypatch.setattr(calls, "CONNECT_SECONDS", seconds)
    monkeypatch.setattr(calls, "MAX_ANSWER_BYTES", 1024 * 1024)

    async def scene(address: str) -> object:
        async with http_client(address) as http:
            return await Registry(http, Fence()).snapshot(MODEL)

    with hostile(behaviour) as server:
        found = asyncio.run(scene(server.endpoint))
    assert isinstance(found, Failure)
    assert words in found.message


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        pytest.param(
            {"message": "<b>no</b>\nhost \x1b[31mhere, token=abc"},
            "MLflow answers HTTP 500: no host [31mhere, token=***",
            id="its words are cleaned",
        ),
        pytest.param({"message": "y" * 5000}, "y…", id="and cut"),
        pytest.param({"message": {"a": [1]}}, "HTTP 500: {'a': [1]}", id="whatever they are"),
        pytest.param("<html>a page</html>", "MLflow answers HTTP 500", id="a page is not shown"),
    ],
)
def test_words_of_mlflow_are_cut_and_cleaned(said: Any, shown: str) -> None:
    found = asyncio.run(registry(lambda request: httpx.Response(500, json=said)).snapshot(MODEL))
    assert isinstance(found, Failure)
    assert found.message.endswith(shown)
    assert len(found.message) < 300


def test_aliases_of_others_cost_nothing() -> None:
    asked: list[str] = []
    aliases = [{"alias": f"mine-{number}", "version": str(number)} for number in range(500)]
    handle = answers(get={"registered_model": {"aliases": aliases}})

    def note(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        return handle(request)

    asyncio.run(registry(note).snapshot(MODEL))
    assert len(asked) == 2


class Clock:
    now = 0.0

    def __call__(self) -> float:
        return self.now


def test_mlflow_that_is_away_is_left_alone_for_a_while() -> None:
    asked: list[str] = []

    def away(request: httpx.Request) -> httpx.Response:
        asked.append(request.url.path)
        raise httpx.ConnectError("refused", request=request)

    clock = Clock()
    found = registry(away, Breaker(clock, first_pause=5))

    async def scene() -> list[object]:
        return [await found.snapshot(MODEL) for _ in range(5)]

    said = asyncio.run(scene())
    assert len(asked) == 3
    assert all(isinstance(item, Failure) and "does not answer" in item.message for item in said)
    clock.now += 5
    asyncio.run(found.snapshot(MODEL))
    assert len(asked) == 4
