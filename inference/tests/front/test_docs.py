"""The description of the interface: true, and without an outside address."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pictures
import pytest
from dandelion_inference.front.problems import Problem
from dandelion_inference.front.routes.predict import PredictResponse

MODEL = ("", "/ready", "/infer")


@pytest.fixture
def description(client: httpx.Client) -> dict[str, Any]:
    document: dict[str, Any] = client.get("/openapi.json").json()
    return document


def test_the_page_loads_nothing_from_elsewhere(client: httpx.Client) -> None:
    page = client.get("/docs")
    assert page.status_code == 200
    addresses = re.findall(r'(?:src|href)="([^"]+)"', page.text)
    assert len(addresses) == 3
    for address in addresses:
        assert "//" not in address
        asset = client.get(f"/{address}")
        assert asset.status_code == 200
        assert len(asset.content) > 1000
    assert "http" not in re.sub(r"<!--.*?-->", "", page.text).replace("text/html", "")
    assert '"validatorUrl": null' in page.text


def test_the_browser_is_told_to_load_nothing_from_elsewhere(client: httpx.Client) -> None:
    policy = client.get("/docs").headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "http" not in policy


def test_every_public_address_is_described(description: dict[str, Any]) -> None:
    model = "/v2/models/{name}"
    of_a_model = {
        f"{at}{what}" for at in (model, f"{model}/versions/{{version}}") for what in MODEL
    }
    assert set(description["paths"]) == {
        *("/predict", "/model", "/explain", "/feedback"),
        *("/v1/models/{name}", "/v1/models/{name}:predict"),
        *("/v2", "/v2/health/live", "/v2/health/ready", *of_a_model),
    }


@pytest.mark.parametrize("path", ["/predict", "/explain"])
def test_the_body_is_described_in_every_form(description: dict[str, Any], path: str) -> None:
    content = description["paths"][path]["post"]["requestBody"]["content"]
    assert set(content) - {"application/x-ndjson"} == {
        *("multipart/form-data", "application/json", "image/*", "application/octet-stream")
    }
    assert content["multipart/form-data"]["schema"]["required"] == ["file"]


def test_only_predictions_come_line_by_line(description: dict[str, Any]) -> None:
    found = {
        path
        for path, operations in description["paths"].items()
        if "application/x-ndjson" in str(operations.get("post", {}).get("requestBody"))
    }
    assert found == {"/predict"}


@pytest.mark.parametrize("path", ["/predict", "/explain"])
def test_every_refusal_is_described_as_problem_json(description: dict[str, Any], path: str) -> None:
    responses = description["paths"][path]["post"]["responses"]
    assert set(responses) == {
        *("200", "400", "408", "413", "415", "422", "429", "500", "503", "504"),
    }
    for status, response in responses.items():
        if status != "200":
            schema = response["content"]["application/problem+json"]["schema"]
            assert schema == {"$ref": "#/components/schemas/Problem"}
            assert response["description"]
    assert set(description["components"]["schemas"]["Problem"]["required"]) == {
        *("type", "title", "status", "detail", "instance", "code"),
    }


def test_every_reference_leads_somewhere(description: dict[str, Any]) -> None:
    names = set(re.findall(r"#/components/schemas/(\w+)", str(description)))
    assert names <= set(description["components"]["schemas"])


def test_answers_are_what_the_description_says(client: httpx.Client) -> None:
    answer = client.post("/predict", content=pictures.plain())
    PredictResponse.model_validate_json(answer.content, strict=True)
    Problem.model_validate_json(client.post("/predict", content=b"x").content, strict=True)
