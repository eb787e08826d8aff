"""Every answer says who gave it: which model, in which version, to which request."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, cast

import httpx
import pictures
import pytest
from dandelion_inference.answer.drift.monitor import DriftMonitor
from dandelion_inference.front.app import create_app
from dandelion_inference.front.docs import ASSETS, HEADERS
from dandelion_inference.front.routes.page import assets
from dandelion_inference.model.network import Model
from dandelion_inference.model.readiness import Readiness
from dandelion_inference.ports.metrics import Metrics
from dandelion_inference.ports.settings import Settings
from given import artifacts, uploads
from given.inferences import INFER, image
from running.loading import settings

HIDDEN = ("/", "/docs", "/docs/", "/openapi.json", "/readyz")
PAGES = [f"/page/{name}" for name in assets() if name != "index.html"]
PAGES += [f"/docs/{name}" for name in ASSETS]
DESCRIBED = (
    "/explain",
    "/feedback",
    "/model",
    "/predict",
    "/v1/models/lawn",
    "/v1/models/lawn:predict",
    "/v2",
    "/v2/health/live",
    "/v2/health/ready",
    "/v2/models/lawn",
    "/v2/models/lawn/infer",
    "/v2/models/lawn/ready",
    "/v2/models/lawn/versions/3",
    "/v2/models/lawn/versions/3/infer",
    "/v2/models/lawn/versions/3/ready",
)
METHODS = ("GET", "HEAD", "POST", "PUT", "DELETE", "OPTIONS")


@dataclass(frozen=True)
class Asked:
    method: str
    path: str
    status: int
    given: dict[str, Any] = field(default_factory=dict)


ANSWERS = [
    Asked("POST", "/predict", 200, {"content": pictures.plain()}),
    Asked("POST", "/predict/", 200, {"content": pictures.plain()}),
    Asked("POST", "/predict", 200, {"files": uploads.form(pictures.plain(), b"no image")}),
    Asked("POST", INFER, 200, {"json": {"inputs": [image()]}}),
    Asked("POST", "/explain", 200, {"content": pictures.plain()}),
    Asked("GET", "/nowhere", 404),
    Asked("GET", "/v2/nowhere", 404),
    Asked("GET", "/v2/models/other", 404),
    Asked("GET", "/predict", 405),
    Asked("POST", "/predict", 400, {"content": b""}),
    Asked("POST", "/predict", 400, {"content": b"no image"}),
    Asked("POST", INFER, 400, {"content": b"no JSON"}),
    Asked("POST", "/feedback", 409, {"json": {}}),
    Asked("POST", "/predict", 413, {"content": bytes(2 * 1024 * 1024)}),
    Asked("POST", "/predict", 415, {"content": b"%PDF-"}),
    Asked("POST", "/predict", 415, {"content": b"a", "headers": {"Content-Encoding": "br"}}),
    Asked("POST", "/explain?label=blue&label=", 422, {"content": pictures.plain()}),
    Asked("POST", "/predict", 422, {"files": {"other": b"a"}}),
]


def check(answer: httpx.Response, request_id: str) -> str:
    """The id of an answer, which says all that each has to say, and each once."""
    told = answer.headers.multi_items()
    names = [name for name, _ in told]
    assert [names.count(name.lower()) for name in HEADERS] == [1] * len(HEADERS), told
    assert answer.headers["Dandelion-Model"] == "lawn"
    assert answer.headers["Dandelion-Model-Version"] == "3"
    assert answer.headers["X-Request-Id"] == request_id
    answer_id: str = answer.headers["Dandelion-Answer-Id"]
    assert len(answer_id) == 36
    return answer_id


@pytest.mark.parametrize("asked", ANSWERS, ids=lambda asked: f"{asked.path} {asked.status}")
def test_every_answer_says_who_gave_it(client: httpx.Client, asked: Asked) -> None:
    headers = {**asked.given.get("headers", {}), "X-Request-Id": "mine"}
    answer = client.request(asked.method, asked.path, **asked.given | {"headers": headers})
    assert answer.status_code == asked.status
    name = check(answer, "mine")
    if asked.path.startswith("/predict") and asked.status == 200:
        assert answer.json()["id"] == name
    if asked.path == INFER and asked.status == 200:
        assert answer.json()["parameters"]["answer_id"] == name


@pytest.mark.parametrize("path", [*HIDDEN, *PAGES, *DESCRIBED])
def test_every_address_says_so_whatever_the_method(client: httpx.Client, path: str) -> None:
    names = [
        check(client.request(method, path, headers={"X-Request-Id": method}), method)
        for method in METHODS
    ]
    assert len(set(names)) == len(METHODS)


def test_no_address_is_forgotten_here(client: httpx.Client) -> None:
    paths = {
        path.replace("{name}", "lawn").replace("{version}", "3")
        for path in client.get("/openapi.json").json()["paths"]
    }
    assert paths == set(DESCRIBED)


def test_the_description_says_so_too(client: httpx.Client) -> None:
    described = client.get("/openapi.json").json()
    assert set(described["components"]["headers"]) == set(HEADERS)
    for path in described["paths"].values():
        for operation in path.values():
            for status, response in operation["responses"].items():
                assert set(HEADERS) <= set(response["headers"]), (operation["summary"], status)


@pytest.mark.parametrize("sent", [b"a" * 10_240, b"two words", "größe".encode(), b"\xff"])
def test_a_request_id_that_could_do_harm_is_not_answered(client: httpx.Client, sent: bytes) -> None:
    answer = client.get("/v2/health/live", headers=[(b"X-Request-Id", sent)])
    assert len(answer.headers["X-Request-Id"]) == 32


def test_an_unchanged_page_says_so_too(client: httpx.Client) -> None:
    tag = client.get("/").headers["ETag"]
    answer = client.get("/", headers={"If-None-Match": tag, "X-Request-Id": "again"})
    assert answer.status_code == 304
    check(answer, "again")


def answer_in_process(given: Settings, readiness: Readiness) -> httpx.Response:
    app = create_app(given, readiness, Metrics(given), 1, DriftMonitor(Metrics(given)))
    transport = httpx.ASGITransport(app, raise_app_exceptions=False)

    async def ask() -> httpx.Response:
        async with httpx.AsyncClient(transport=transport, base_url="http://lawn") as http:
            headers = {"X-Request-Id": "mine"}
            return await http.post("/predict", content=pictures.plain(), headers=headers)

    return asyncio.run(ask())


def test_a_service_that_fails_says_who_it_is(tmp_path: Path) -> None:
    broken = Readiness(model=cast(Model, object()))
    given = settings(artifacts.stored(), "http://127.0.0.1:1", tmp_path)
    answer = answer_in_process(given, broken)
    assert (answer.status_code, answer.json()["code"]) == (500, "InternalError")
    check(answer, "mine")


def test_a_service_without_a_model_says_who_it_will_be(tmp_path: Path) -> None:
    given = settings(artifacts.stored(), "http://127.0.0.1:1", tmp_path)
    answer = answer_in_process(given, Readiness())
    assert (answer.status_code, answer.json()["code"]) == (503, "NotReady")
    check(answer, "mine")


def test_a_version_that_is_no_number_is_percent_encoded(tmp_path: Path) -> None:
    given = settings(artifacts.stored(), "http://127.0.0.1:1", tmp_path)
    answer = answer_in_process(given.model_copy(update={"model_version": "drei ½\n"}), Readiness())
    assert answer.headers["Dandelion-Model-Version"] == "drei %C2%BD%0A"
