"""What every address has in common, whatever it answers."""

from __future__ import annotations

import httpx
import pictures
import pytest
from given import uploads

READ = (
    "/",
    "/readyz",
    "/docs",
    "/openapi.json",
    "/model",
    "/v1/models/lawn",
    "/v2",
    "/v2/health/live",
    "/v2/health/ready",
    "/v2/models/lawn",
    "/v2/models/lawn/ready",
    "/v2/models/lawn/versions/3",
    "/v2/models/lawn/versions/3/ready",
)


@pytest.mark.parametrize("path", READ)
def test_what_can_be_read_answers_head_with_headers_alone(client: httpx.Client, path: str) -> None:
    answer = client.head(path)
    assert answer.status_code == 200
    assert int(answer.headers["Content-Length"]) > 0
    assert answer.content == b""
    # The connection is still in step: the next answer on it is its own.
    assert client.get("/v2/health/live").json() == {"live": True}


@pytest.mark.parametrize("path", [path for path in READ if path not in {"/", "/docs"}])
def test_an_address_with_a_slash_at_its_end_is_the_same(client: httpx.Client, path: str) -> None:
    assert client.get(f"{path}/").status_code == 200


def test_an_upload_to_an_address_with_a_slash_is_answered_and_not_sent_elsewhere(
    client: httpx.Client,
) -> None:
    headers = {"X-Forwarded-Proto": "https"}
    form = uploads.form(pictures.plain(pictures.BLUE))
    answer = client.post("/predict/", files=form, headers=headers)
    assert answer.status_code == 200
    assert answer.json()["predictions"][0]["label"] == "blue"
    assert client.post("/explain/", files=form, headers=headers).status_code == 200


def test_the_description_with_a_slash_leads_to_itself_under_whatever_scheme(
    client: httpx.Client,
) -> None:
    answer = client.get("/docs/")
    assert answer.status_code == 307
    assert answer.headers["Location"] == "../docs"


def test_head_is_no_way_to_predict(client: httpx.Client) -> None:
    answer = client.head("/predict")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "POST"


def test_a_wrong_method_is_told_that_head_is_one_of_the_right_ones(client: httpx.Client) -> None:
    answer = client.post("/v2")
    assert answer.status_code == 405
    assert answer.headers["Allow"] == "GET, HEAD"
    assert answer.json()["detail"] == "/v2 does not accept POST; use GET, HEAD."


def test_methods_are_counted_as_they_were_sent(client: httpx.Client, probes: httpx.Client) -> None:
    client.head("/readyz")
    assert 'dandelion_requests_total{code="200",method="HEAD",route="/readyz"}' in (
        probes.get("/metrics").text
    )
