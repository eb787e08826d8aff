"""Who moved the alias: what MLflow noted, where MLflow knows its callers."""

from __future__ import annotations

import asyncio

import httpx
import pytest
from dandelion_operator.api.naming import MOVED_BY_TAG
from dandelion_operator.ports.fence import Fence
from dandelion_operator.ports.registry import Registry
from dandelion_operator.ports.registry.calls import Tag
from dandelion_operator.ports.registry.moves import moved
from dandelion_operator.seen.versions import RegistrySeen

MODEL = "garden.roses"
JANE = '{"version":"2","by":"jane@example.com"}'


@pytest.mark.parametrize(
    ("value", "found"),
    [
        pytest.param(JANE, (2, "jane@example.com"), id="a person"),
        pytest.param('{"version":2,"by":"a\\n<b>b"}', (2, "a b"), id="markup is left out"),
        pytest.param('{"version":"2","by":""}', None, id="nobody"),
        pytest.param('{"version":"two","by":"jane"}', None, id="no version"),
        pytest.param('{"by":"jane"}', None, id="without a version"),
        pytest.param('["2", "jane"]', None, id="a list"),
        pytest.param("jane", None, id="no JSON"),
        pytest.param(None, None, id="a tag without a value"),
    ],
)
def test_what_is_noted_is_a_version_and_a_name(
    value: str | None, found: tuple[int, str] | None
) -> None:
    assert moved([Tag(key="other", value=JANE), Tag(key=MOVED_BY_TAG, value=value)]) == found


def test_without_a_note_nobody_is_known() -> None:
    assert moved([Tag(key="dandelion.dev/alias-moved-by.challenger", value=JANE)]) is None


@pytest.mark.parametrize(
    ("champion", "by_namespace", "known"),
    [
        pytest.param("2", True, "jane@example.com", id="MLflow knows its callers"),
        pytest.param("2", False, "", id="anybody may have written the note"),
        pytest.param("1", True, "", id="the note is about another version"),
    ],
)
def test_a_note_counts_for_its_version_where_mlflow_knows_its_callers(
    champion: str, by_namespace: bool, known: str
) -> None:
    model = {
        "name": MODEL,
        "aliases": [{"alias": "champion", "version": champion}],
        "tags": [{"key": MOVED_BY_TAG, "value": JANE}],
    }
    versions = [{"version": number} for number in ("1", "2")]

    def handle(request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/registered-models/get"):
            return httpx.Response(200, json={"registered_model": model})
        return httpx.Response(200, json={"model_versions": versions})

    async def snapshot() -> object:
        transport = httpx.MockTransport(handle)
        async with httpx.AsyncClient(base_url="http://mlflow", transport=transport) as http:
            return await Registry(http, Fence(), by_namespace=by_namespace).snapshot(MODEL)

    seen = asyncio.run(snapshot())
    assert isinstance(seen, RegistrySeen)
    assert seen.moved_by == known
