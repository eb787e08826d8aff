"""What the operator tells MLflow when it registers versions again, and what it reads of a model."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from typing import Any

import httpx
import pytest
from dandelion_operator.ports.fence import Fence, NotLeadingError
from dandelion_operator.ports.registry import AliasMovedError, Registry, RegistryError
from dandelion_operator.seen.versions import RegistrySeen

MODEL = {
    "name": "default.lawn",
    "creation_timestamp": 1767225600123,
    "aliases": [{"alias": "champion", "version": "3"}],
    "tags": [{"key": "dandelion.dev/restoring", "value": "true"}],
}
Calls = list[tuple[str, str, Any]]


def registry(calls: Calls, open_fence: bool = True, exists: bool = False) -> Registry:
    def answer(request: httpx.Request) -> httpx.Response:
        path = request.url.path.removeprefix("/api/2.0/mlflow")
        if request.method == "GET":
            found = {"registered_model": MODEL, "model_version": {"version": "3"}}
            return httpx.Response(200, json=found)
        calls.append((request.method, path, json.loads(request.content)))
        if exists and path == "/registered-models/create":
            return httpx.Response(400, json={"error_code": "RESOURCE_ALREADY_EXISTS"})
        return httpx.Response(200, json={})

    fence = Fence()
    if open_fence:
        fence.open_until(float("inf"))
    transport = httpx.MockTransport(answer)
    return Registry(httpx.AsyncClient(base_url="http://mlflow", transport=transport), fence)


def test_the_model_is_made_with_its_mark_in_one_request() -> None:
    calls: Calls = []
    asyncio.run(registry(calls).begin_restoring("default.lawn"))
    mark = {"key": "dandelion.dev/restoring", "value": "true"}
    assert calls == [
        ("POST", "/registered-models/create", {"name": "default.lawn", "tags": [mark]})
    ]


def test_a_model_that_is_there_gets_the_mark() -> None:
    calls: Calls = []
    asyncio.run(registry(calls, exists=True).begin_restoring("default.lawn"))
    assert [path for _, path, _ in calls] == [
        "/registered-models/create",
        "/registered-models/set-tag",
    ]


def test_a_version_is_made_with_all_its_tags_in_one_request() -> None:
    calls: Calls = []
    tags = {"run": "run1", "training-hash": "", "contract-digest": "sha256:1"}
    asyncio.run(registry(calls).register("default.lawn", "s3://models/default/lawn/run1", tags))
    ((method, path, body),) = calls
    assert (method, path) == ("POST", "/model-versions/create")
    assert {item["key"]: item["value"] for item in body["tags"]} == {
        "dandelion.dev/run": "run1",
        "dandelion.dev/contract-digest": "sha256:1",
    }


@pytest.mark.parametrize(
    "write",
    [
        lambda found: found.begin_restoring("default.lawn"),
        lambda found: found.end_restoring("default.lawn"),
        lambda found: found.register("default.lawn", "s3://models/x", {}),
    ],
    ids=["begin", "end", "register"],
)
def test_without_the_lease_nothing_is_written(
    write: Callable[[Registry], Awaitable[None]],
) -> None:
    calls: Calls = []

    async def scene() -> None:
        await write(registry(calls, open_fence=False))

    with pytest.raises(NotLeadingError):
        asyncio.run(scene())
    assert calls == []


def test_the_mark_and_the_age_of_a_model_are_read() -> None:
    found = asyncio.run(registry([]).snapshot("default.lawn"))
    assert isinstance(found, RegistrySeen)
    assert (found.created, found.restoring, found.champion) == (1767225600, True, 3)


@pytest.mark.parametrize(("expected", "moved"), [(3, False), (4, True), (None, True)])
def test_an_alias_is_confirmed_before_it_is_written(expected: int | None, moved: bool) -> None:
    confirmation = registry([]).confirm_alias("default.lawn", "champion", expected)
    if not moved:
        asyncio.run(confirmation)
        return
    with pytest.raises(AliasMovedError, match="names version 3 now"):
        asyncio.run(confirmation)
    assert not issubclass(AliasMovedError, RegistryError)
