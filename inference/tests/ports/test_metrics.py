"""What Prometheus sees, and that no client can make it see too much."""

from __future__ import annotations

from typing import Any

import httpx
import pictures
import pytest
from given import uploads
from given.inferences import INFER, image
from prometheus_client.openmetrics.parser import (
    text_string_to_metric_families as openmetrics_families,
)
from prometheus_client.parser import text_string_to_metric_families


def samples(probes: httpx.Client) -> dict[tuple[str, frozenset[tuple[str, str]]], float]:
    answer = probes.get("/metrics")
    assert answer.headers["content-type"].startswith("text/plain")
    return {
        (sample.name, frozenset(sample.labels.items())): sample.value
        for family in text_string_to_metric_families(answer.text)
        for sample in family.samples
    }


def value(probes: httpx.Client, name: str, **labels: str) -> float:
    return samples(probes).get((name, frozenset(labels.items())), 0)


def test_an_answered_prediction_is_counted(client: httpx.Client, probes: httpx.Client) -> None:
    def counted() -> list[float]:
        return [
            value(probes, "dandelion_requests_total", method="POST", route="/predict", code="200"),
            value(
                probes, "dandelion_request_duration_seconds_count", method="POST", route="/predict"
            ),
            value(probes, "dandelion_predictions_total", label="green", version="3"),
            value(probes, "dandelion_prediction_confidence_count"),
        ]

    before = counted()
    files = uploads.form(pictures.plain(pictures.GREEN), pictures.plain(pictures.GREEN))
    assert client.post("/predict", files=files).status_code == 200
    after = counted()
    assert [new - old for new, old in zip(after, before, strict=True)] == [1, 1, 2, 2]


def test_the_model_is_named(probes: httpx.Client) -> None:
    [labels] = [dict(labels) for name, labels in samples(probes) if name == "dandelion_model_info"]
    assert labels.pop("digest").startswith("sha256:")
    assert labels == {
        "name": "lawn",
        "namespace": "default",
        "version": "3",
        "run": "a1b2c3d4e5",
        "architecture": "resnet34",
        "precision": "fp32",
    }


def test_who_looks_at_the_metrics_is_no_request_in_progress(probes: httpx.Client) -> None:
    assert value(probes, "dandelion_requests_in_progress") == 0


def test_every_class_has_a_series_before_its_first_prediction(probes: httpx.Client) -> None:
    labels = {
        dict(labels)["label"]
        for name, labels in samples(probes)
        if name == "dandelion_predictions_total"
    }
    assert labels == {"red", "green", "blue"}


@pytest.mark.parametrize("status", [400, 413, 415, 422])
def test_a_refusal_is_counted_by_its_status(
    client: httpx.Client, probes: httpx.Client, status: int
) -> None:
    upload = {
        400: b"text",
        413: bytes(2 * 1024 * 1024),
        415: b"%PDF-",
        422: pictures.declared_png(20_000, 10_000),
    }[status]

    def counted() -> float:
        labels = {"method": "POST", "route": "/predict", "code": str(status)}
        return value(probes, "dandelion_requests_total", **labels)

    before = counted()
    assert client.post("/predict", content=upload).status_code == status
    assert counted() == before + 1


def test_invented_addresses_and_methods_make_no_new_series(
    client: httpx.Client, probes: httpx.Client
) -> None:
    for number in range(20):
        client.get(f"/invented/{number}")
        client.request(f"INVENT{number}", "/predict")
    routes, methods = set(), set()
    for name, labels in samples(probes):
        if name == "dandelion_requests_total":
            routes.add(dict(labels)["route"])
            methods.add(dict(labels)["method"])
    assert "unmatched" in routes
    assert not any("invented" in route for route in routes)
    assert methods <= {"DELETE", "GET", "HEAD", "OPTIONS", "PATCH", "POST", "PUT", "other"}


def test_openmetrics_is_spoken_to_whom_asks_for_it(probes: httpx.Client) -> None:
    answer = probes.get("/metrics", headers={"Accept": "application/openmetrics-text"})
    assert answer.headers["content-type"].startswith("application/openmetrics-text")
    assert answer.text.endswith("# EOF\n")


HELP = {
    "dandelion_queue_seconds": "waited for a worker",
    "dandelion_decode_seconds": "bytes to the network's input",
    "dandelion_compute_seconds": "in the network",
    "dandelion_images_waiting": "wait for a worker, for memory or for their turn",
    "dandelion_places_held": "Requests taken on",
    "dandelion_places_limit": "taken on at most",
    "dandelion_upload_bytes_held": "Bytes of the requests taken on",
    "dandelion_upload_bytes_limit": "held at most",
    "dandelion_decoding_bytes_held": "being decoded",
    "dandelion_decoding_bytes_limit": "limit leaves",
    "dandelion_saturation": "against what it does at once",
}


@pytest.mark.parametrize("name", HELP)
def test_what_the_pod_is_at_is_measured_and_described(probes: httpx.Client, name: str) -> None:
    families = text_string_to_metric_families(probes.get("/metrics").text)
    [family] = [family for family in families if family.name == name]
    assert HELP[name] in family.documentation
    assert family.samples


def test_decoding_and_computing_are_told_apart(client: httpx.Client, probes: httpx.Client) -> None:
    names = [f"dandelion_{stage}_seconds_count" for stage in ("queue", "decode", "compute")]

    def counted() -> list[float]:
        return [value(probes, name) for name in names]

    def told_by(status: int, path: str, **given: Any) -> list[float]:
        before = counted()
        assert client.post(path, **given).status_code == status
        return [new - old for new, old in zip(counted(), before, strict=True)]

    assert told_by(200, "/predict", content=pictures.plain()) == [1, 1, 1]
    assert told_by(200, INFER, json={"inputs": [image()]}) == [1, 0, 1]
    assert told_by(400, "/predict", content=b"no image") == [1, 1, 0]


def test_an_idle_pod_holds_nothing(probes: httpx.Client) -> None:
    for kind in ("prediction", "explanation"):
        labels = {"class": kind}
        assert value(probes, "dandelion_places_held", **labels) == 0
        assert value(probes, "dandelion_upload_bytes_held", **labels) == 0
        assert value(probes, "dandelion_places_limit", **labels) > 0
    for kind in ("small", "large", "explanation"):
        assert value(probes, "dandelion_images_waiting", **{"class": kind}) == 0
    assert value(probes, "dandelion_decoding_bytes_limit") > 0
    assert 0 <= value(probes, "dandelion_saturation") < 1


TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"


@pytest.mark.parametrize(
    ("request_id", "labels"),
    [
        ("exemplary", {"trace_id": TRACE, "request_id": "exemplary"}),
        ("e" * 128, {"trace_id": TRACE}),
    ],
)
def test_a_measurement_leads_to_a_request(
    client: httpx.Client, probes: httpx.Client, request_id: str, labels: dict[str, str]
) -> None:
    headers = {"X-Request-Id": request_id, "traceparent": f"00-{TRACE}-00f067aa0ba902b7-01"}
    assert client.post("/predict", content=pictures.plain(), headers=headers).status_code == 200
    openmetrics = {"Accept": "application/openmetrics-text"}
    families = openmetrics_families(probes.get("/metrics", headers=openmetrics).text)
    found = {
        family.name
        for family in families
        for sample in family.samples
        if sample.exemplar is not None and sample.exemplar.labels == labels
    }
    assert found >= {
        "dandelion_request_duration_seconds",
        "dandelion_queue_seconds",
        "dandelion_decode_seconds",
        "dandelion_compute_seconds",
    }
    assert "exemplary" not in probes.get("/metrics").text
