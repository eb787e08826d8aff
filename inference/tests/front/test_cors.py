"""Whose pages may call, in the words of browsers and servers. `tests/page` asks a browser."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import httpx
import pictures
import pytest
from fakes.s3 import FakeS3
from given import artifacts
from running import service

APP = "https://app.example.org"
OTHER = "https://evil.example.org"
PREFLIGHT = {
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "authorization,content-type,x-request-id",
}
ALLOW = "Access-Control-Allow-Origin"


@contextmanager
def allowing(s3: FakeS3, home: Path, origins: str) -> Iterator[httpx.Client]:
    stored = artifacts.stored()
    s3.objects.update(stored.objects())
    wanted = service.environment(stored, s3.url, home)
    with service.started(wanted | {"DANDELION_CORS_ALLOWED_ORIGINS": origins}) as running:
        running.wait_ready()
        with service.client(running.url) as client:
            yield client


def preflight(client: httpx.Client, origin: str, **changes: str) -> httpx.Response:
    headers = {"Origin": origin, **PREFLIGHT, **changes}
    return client.options("/predict", headers=headers)


def test_by_default_no_page_elsewhere_may_call(client: httpx.Client) -> None:
    assert preflight(client, APP).status_code == 405
    answer = client.post("/predict", content=pictures.plain(), headers={"Origin": APP})
    assert answer.status_code == 200
    assert not [name for name in answer.headers if name.startswith("access-control")]


def test_pages_of_the_origins_that_are_named_may_call(s3: FakeS3, tmp_path: Path) -> None:
    with allowing(s3, tmp_path, f"{APP},http://localhost:3000") as client:
        for origin in (APP, "http://localhost:3000"):
            asked = preflight(client, origin)
            assert asked.status_code == 200
            assert asked.headers[ALLOW] == origin
            assert "POST" in asked.headers["Access-Control-Allow-Methods"]
            assert "authorization" in asked.headers["Access-Control-Allow-Headers"].lower()
            assert "Access-Control-Allow-Credentials" not in asked.headers
            answer = client.post("/predict", content=pictures.plain(), headers={"Origin": origin})
            assert answer.headers[ALLOW] == origin
            assert "Dandelion-Answer-Id" in answer.headers["Access-Control-Expose-Headers"]
            assert "Origin" in answer.headers["Vary"]
        # A page has to see why it is refused.
        refused = client.post("/predict", content=b"no image", headers={"Origin": APP})
        assert (refused.status_code, refused.headers[ALLOW]) == (400, APP)
        assert client.get("/nowhere", headers={"Origin": APP}).headers[ALLOW] == APP


def test_pages_of_other_origins_may_not_and_the_refusal_names_the_field(
    s3: FakeS3, tmp_path: Path
) -> None:
    with allowing(s3, tmp_path, APP) as client:
        for origin in (OTHER, "null", "http://app.example.org", f"{APP}:8443", f"{APP}.evil.org"):
            asked = preflight(client, origin)
            assert asked.status_code == 403
            assert ALLOW not in asked.headers
            assert asked.json()["code"] == "Forbidden"
            assert "spec.serving.corsAllowedOrigins" in asked.json()["detail"]
            answer = client.post("/predict", content=pictures.plain(), headers={"Origin": origin})
            assert ALLOW not in answer.headers
        assert preflight(client, APP, **{"Access-Control-Request-Method": "PUT"}).is_error


def test_a_star_is_for_every_page(s3: FakeS3, tmp_path: Path) -> None:
    with allowing(s3, tmp_path, "*") as client:
        for origin in (APP, OTHER, "null"):
            assert preflight(client, origin).headers[ALLOW] == "*"
            answer = client.post("/predict", content=pictures.plain(), headers={"Origin": origin})
            assert answer.headers[ALLOW] == "*"


@pytest.mark.parametrize("path", ["/predict", "/explain", "/v2/models/lawn/infer"])
def test_a_request_without_an_origin_is_answered_as_ever(
    s3: FakeS3, tmp_path: Path, path: str
) -> None:
    with allowing(s3, tmp_path, APP) as client:
        answer = client.post(path, content=pictures.plain())
        assert ALLOW not in answer.headers
        assert answer.status_code == (400 if path.startswith("/v2") else 200)
