"""Who a request and its answer are said to be where the server itself answers, and who calls."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlsplit

import pictures
import pytest
from fakes import api_server
from fakes import s3 as fake_s3
from fakes.api_server import FakeApiServer
from given import artifacts
from running.logging_service import events, eventually, logging_environment, metric, rows
from running.reviewing import reviewing
from running.service import Service, environment, ready, started

TRACE = "4bf92f3577b34da6a3ce929d0e0e4736"
TRACED = {"traceparent": f"00-{TRACE}-00f067aa0ba902b7-01", "tracestate": "vendor=1"}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeApiServer]:
    with api_server.running(tmp_path_factory.mktemp("api")) as server:
        server.users = {"good": "camera", "traced": "camera", "bad": "somebody"}
        server.rules = {("camera", "predict")}
        yield server


@pytest.fixture(scope="module")
def service(api: FakeApiServer, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    stored = artifacts.stored()
    with fake_s3.running() as store:
        store.objects.update(stored.objects())
        wanted = environment(stored, store.url, tmp_path_factory.mktemp("home"))
        bounds = {"DANDELION_HEAD_SECONDS": "3600", "DANDELION_ACCESS_LOG_SAMPLE_RATIO": "1"}
        with (
            reviewing(api.server_port, api.folder) as reviewer,
            started(wanted | bounds | reviewer.environment()) as running,
        ):
            running.wait_ready()
            yield running


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """For who is late, and for nobody else."""
    bounds = {"DANDELION_HEAD_SECONDS": "1", "DANDELION_ACCESS_LOG_SAMPLE_RATIO": "1"}
    with ready(tmp_path_factory.mktemp("impatient"), **bounds) as running:
        yield running


def raw(service: Service, sent: bytes) -> tuple[int, str, dict[str, str]]:
    """Status, code and headers of what the service says to these bytes."""
    address = urlsplit(service.url)
    assert address.hostname
    assert address.port
    answer = b""
    with socket.create_connection((address.hostname, address.port), timeout=60) as connection:
        connection.sendall(sent)
        with contextlib.suppress(ConnectionResetError):
            while data := connection.recv(65536):
                answer += data
    head, _, body = answer.partition(b"\r\n\r\n")
    first, *lines = head.decode().split("\r\n")
    headers = {}
    for line in lines:
        name, _, value = line.lower().partition(": ")
        assert name not in headers
        headers[name] = value
    return int(first.split()[1]), json.loads(body)["code"], headers


@pytest.mark.parametrize(
    ("sent", "status", "code"),
    [
        pytest.param(b"\x16\x03\x01\x02\x00\r\n\r\n", 400, "MalformedRequest", id="TLS"),
        pytest.param(
            b"GET / HTTP/1.1\r\nHost: a\r\n" + b"X: a\r\n" * 101 + b"\r\n",
            431,
            "HeadersTooLarge",
            id="too many headers",
        ),
    ],
)
def test_a_request_that_is_never_read_is_answered_by_somebody(
    service: Service, sent: bytes, status: int, code: str
) -> None:
    is_answered_by_somebody(service, sent, status, code)


def test_a_head_that_never_ends_is_answered_by_somebody(impatient: Service) -> None:
    is_answered_by_somebody(impatient, b"GET /hea", 408, "UploadTooSlow")


def is_answered_by_somebody(service: Service, sent: bytes, status: int, code: str) -> None:
    labels = {"method": "other", "route": "unmatched", "code": str(status)}
    found_status, found_code, headers = raw(service, sent)
    assert (found_status, found_code) == (status, code)
    assert headers["dandelion-model"] == "lawn"
    assert headers["dandelion-model-version"] == "3"
    assert len(headers["dandelion-answer-id"]) == 36
    name = headers["x-request-id"]
    eventually(lambda: any(line["request_id"] == name for line in events(service, "access")))
    [line] = [line for line in events(service, "access") if line["request_id"] == name]
    assert (line["code"], line["problem"], line["route"]) == (status, code, "unmatched")
    assert line["answer_id"] == headers["dandelion-answer-id"]
    assert metric(service, "dandelion_requests_total", **labels) == 1


@pytest.mark.parametrize(
    ("token", "status", "caller"),
    [("good", 200, "camera"), ("bad", 403, "somebody"), ("nobody", 401, None), ("", 401, None)],
)
def test_a_line_names_the_caller(
    service: Service, token: str, status: int, caller: str | None
) -> None:
    name = f"caller-{token}"
    headers = {"X-Request-Id": name} | ({"Authorization": f"Bearer {token}"} if token else {})
    answer = service.post("/predict", content=pictures.plain(), headers=headers)
    assert answer.status_code == status
    assert answer.headers["X-Request-Id"] == name
    assert answer.headers["Dandelion-Model"] == "lawn"
    eventually(lambda: any(line["request_id"] == name for line in events(service, "access")))
    [line] = [line for line in events(service, "access") if line["request_id"] == name]
    assert line.get("caller") == caller


def test_a_question_to_the_api_server_belongs_to_the_trace(
    service: Service, api: FakeApiServer
) -> None:
    api.traces.clear()
    headers = {"Authorization": "Bearer traced", **TRACED}
    assert service.post("/predict", content=pictures.plain(), headers=headers).status_code == 200
    assert api.traces == [TRACED, TRACED]


def test_a_trace_that_cannot_be_read_is_not_passed_on(service: Service, api: FakeApiServer) -> None:
    api.traces.clear()
    broken = {"traceparent": f"00-{TRACE}-0000000000000000-01", "tracestate": "vendor=1"}
    headers = {"Authorization": "Bearer unknown", **broken}
    assert service.post("/predict", content=pictures.plain(), headers=headers).status_code == 401
    assert api.traces == [{}]


def test_a_row_of_the_prediction_log_says_what_the_access_log_says(
    tmp_path: Path, s3: fake_s3.FakeS3, api: FakeApiServer
) -> None:
    wanted = logging_environment(s3, tmp_path) | {"DANDELION_ACCESS_LOG_SAMPLE_RATIO": "1"}
    with (
        reviewing(api.server_port, api.folder) as reviewer,
        started(wanted | reviewer.environment()) as service,
    ):
        service.wait_ready()
        headers = {"Authorization": "Bearer good", "X-Request-Id": "both", **TRACED}
        answer = service.post("/predict", content=pictures.plain(), headers=headers)
        assert answer.status_code == 200
        service.terminate()
        assert service.wait() == 0
    [row] = rows(s3, "predictions")
    [line] = [line for line in events(service, "access") if line["request_id"] == "both"]
    names = {
        "id": "answer_id",
        "requestId": "request_id",
        "traceId": "trace_id",
        "queueSeconds": "queue_seconds",
        "decodeSeconds": "decode_seconds",
        "computeSeconds": "compute_seconds",
    }
    names |= {name: name for name in ("caller", "version", "code")}
    assert {name: row[name] for name in names} == {name: line[names[name]] for name in names}
    assert (row["caller"], row["traceId"]) == ("camera", TRACE)


def test_a_share_of_nothing_still_writes_errors(tmp_path: Path, s3: fake_s3.FakeS3) -> None:
    stored = artifacts.stored()
    s3.objects.update(stored.objects())
    wanted = environment(stored, s3.url, tmp_path) | {"DANDELION_ACCESS_LOG_SAMPLE_RATIO": "0"}
    with started(wanted) as service:
        service.wait_ready()
        assert service.post("/predict", content=pictures.plain()).status_code == 200
        assert service.post("/predict", content=b"no").status_code == 400
        service.terminate()
        assert service.wait() == 0
    codes = [line["code"] for line in events(service, "access") if line["route"] == "/predict"]
    assert codes == [400]
