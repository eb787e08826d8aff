"""The token reviewer as a process, as serving pods and the kubelet meet it."""

from __future__ import annotations

import json
import socket
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from dandelion_inference.intake.reviews import MAX_QUESTION_BYTES, SUBRESOURCES
from fakes import api_server as fake_api_server
from fakes.api_server import FakeApiServer
from running.reviewing import ReviewerProcess, reviewing
from running.service import client

CAMERA = "system:serviceaccount:default:camera"
QUESTION = {"token": "good", "namespace": "default", "name": "lawn", "subresource": "predict"}


@pytest.fixture(scope="module")
def api(tmp_path_factory: pytest.TempPathFactory) -> Iterator[FakeApiServer]:
    with fake_api_server.running(tmp_path_factory.mktemp("account")) as server:
        server.users = {"good": CAMERA}
        server.rules = {(CAMERA, subresource) for subresource in SUBRESOURCES}
        yield server


@pytest.fixture(scope="module")
def reviewer(api: FakeApiServer) -> Iterator[ReviewerProcess]:
    with reviewing(api.server_port, api.folder) as running:
        yield running


@pytest.mark.parametrize("subresource", SUBRESOURCES)
def test_it_says_who_that_is_and_whether_they_may(
    reviewer: ReviewerProcess, api: FakeApiServer, subresource: str
) -> None:
    answer = reviewer.ask("good", subresource)
    assert answer.status_code == 200
    assert answer.json() == {
        "caller": {"username": CAMERA, "uid": f"uid-of-{CAMERA}"},
        "allowed": True,
    }
    assert api.reviews[-1]["spec"]["resourceAttributes"]["subresource"] == subresource


def test_of_nobodys_token_it_says_nothing(reviewer: ReviewerProcess) -> None:
    answer = reviewer.ask("invented")
    assert (answer.status_code, answer.json()) == (200, {"caller": None, "allowed": False})


REFUSED: dict[str, tuple[dict[str, Any], int, str]] = {
    "no token": ({"json": QUESTION | {"token": ""}}, 422, "token"),
    "a token that is none": ({"json": QUESTION | {"token": "two words"}}, 422, "token"),
    "a token that is too long": ({"json": QUESTION | {"token": "x" * 16385}}, 422, "token"),
    "somebody's name instead of a token": (
        {
            "json": {key: QUESTION[key] for key in ("namespace", "name", "subresource")}
            | {"username": "system:admin"}
        },
        422,
        "username",
    ),
    "somebody's name beside a token": (
        {"json": QUESTION | {"username": "system:admin"}},
        422,
        "username",
    ),
    "groups beside a token": ({"json": QUESTION | {"groups": ["system:masters"]}}, 422, "groups"),
    "another verb": ({"json": QUESTION | {"verb": "delete"}}, 422, "verb"),
    "another resource": ({"json": QUESTION | {"resource": "secrets"}}, 422, "resource"),
    "the resource itself": ({"json": QUESTION | {"subresource": ""}}, 422, "subresource"),
    "a subresource of Kubernetes": (
        {"json": QUESTION | {"subresource": "status"}},
        422,
        "subresource",
    ),
    "every name": ({"json": QUESTION | {"name": "*"}}, 422, "name"),
    "no name, which is every one": ({"json": QUESTION | {"name": ""}}, 422, "name"),
    "every namespace": ({"json": QUESTION | {"namespace": ""}}, 422, "namespace"),
    "no JSON": ({"content": b"token=good"}, 422, "JSON"),
    "JSON of another kind": ({"content": b"[]"}, 422, "object"),
    "nothing": ({"content": b""}, 422, "JSON"),
    "too much": ({"content": b"x" * (MAX_QUESTION_BYTES + 1)}, 413, str(MAX_QUESTION_BYTES)),
}


@pytest.mark.parametrize("case", REFUSED)
def test_what_is_no_question_is_refused_without_asking(
    reviewer: ReviewerProcess, api: FakeApiServer, case: str
) -> None:
    request, status, word = REFUSED[case]
    before = len(api.reviews)
    answer = reviewer.post(**request)
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    assert word in answer.json()["detail"]
    assert "system:admin" not in answer.text
    assert len(api.reviews) == before


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/v1/reviews", 405),
        ("DELETE", "/v1/reviews", 405),
        ("POST", "/", 404),
        ("GET", "/metrics", 404),
        ("GET", "/readyz", 404),
    ],
)
def test_there_is_nothing_else(
    reviewer: ReviewerProcess, method: str, path: str, status: int
) -> None:
    with client(reviewer.url) as http:
        assert http.request(method, path).status_code == status


def test_a_question_that_does_not_come_is_not_waited_for(reviewer: ReviewerProcess) -> None:
    address = urlsplit(reviewer.url)
    with socket.create_connection((address.hostname, address.port), timeout=60) as slow:
        slow.sendall(b"POST /v1/reviews HTTP/1.1\r\nHost: x\r\nContent-Length: 100\r\n\r\n{")
        assert slow.recv(4096).startswith(b"HTTP/1.1 408")


def test_the_trace_goes_on_to_the_api_server(reviewer: ReviewerProcess, api: FakeApiServer) -> None:
    traced = {"traceparent": "00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-01"}
    api.traces.clear()
    assert reviewer.post(json=QUESTION, headers=traced).status_code == 200
    assert api.traces == [traced, traced]


def test_probes_and_counts_have_a_port_of_their_own(reviewer: ReviewerProcess) -> None:
    assert reviewer.probe("/healthz").status_code == 200
    assert reviewer.probe("/v1/reviews").status_code == 404
    reviewer.ask("good")
    text = reviewer.probe("/metrics").text
    for line in (
        'dandelion_token_reviews_total{result="allowed"}',
        'dandelion_token_reviews_total{result="unavailable"} 0.0',
        "dandelion_token_review_seconds_bucket",
    ):
        assert line in text


@pytest.fixture
def own(tmp_path: Path) -> Iterator[FakeApiServer]:
    with fake_api_server.running(tmp_path) as server:
        server.users = {"good": CAMERA}
        yield server


def test_it_is_ready_once_it_may_ask(own: FakeApiServer) -> None:
    own.status = 403
    running = ReviewerProcess("127.0.0.1", own.server_port, own.folder)
    try:
        running.wait_for(503, "-token-reviewer")
        assert running.probe("/healthz").status_code == 200
        own.status = 201
        running.wait_for(200)
        own.status = 500  # every pod's trouble: the answer says so, and not the readiness
        answer = running.ask("good")
        assert (answer.status_code, answer.json()["code"]) == (503, "AuthUnavailable")
        assert "500" in answer.json()["detail"]
        running.wait_for(200)
        own.status = 403
        assert running.ask("good").status_code == 503
        running.wait_for(503, "-token-reviewer")
    finally:
        running.end()
    assert "good" not in "".join(running.log)


def test_one_that_ends_finishes_what_it_was_asked_and_sends_the_rest_elsewhere(
    own: FakeApiServer,
) -> None:
    with reviewing(own.server_port, own.folder) as running, ThreadPoolExecutor(1) as pool:
        with client(running.url) as kept:
            assert "connection" not in kept.post("/v1/reviews", json=QUESTION).headers
            own.holds_on = True
            own.gate.clear()
            waiting = pool.submit(running.ask, "good")
            while not own.reviews or own.reviews[-1]["spec"].get("token") != "good":
                time.sleep(0.01)
            time.sleep(0.1)
            running.process.terminate()
            running.wait_for(503)
            own.gate.set()
            answer = waiting.result(30)
            assert (answer.status_code, answer.headers["connection"]) == (200, "close")
        assert running.end() == 0


@pytest.mark.parametrize(
    ("variable", "value"),
    [("KUBERNETES_SERVICE_HOST", ""), ("DANDELION_PORT", "many")],
)
def test_a_wrong_variable_is_named(tmp_path: Path, variable: str, value: str) -> None:
    running = ReviewerProcess("127.0.0.1", 1, tmp_path, **{variable: value})
    assert running.process.wait(60) == 78
    running.end()
    [line] = running.log
    assert variable in line
    assert "many" not in line


def test_its_log_is_json_and_holds_no_token(own: FakeApiServer) -> None:
    own.status = 500
    running = ReviewerProcess("127.0.0.1", own.server_port, own.folder)
    running.ask("a-secret-token")
    running.ask("a-secret-token")
    running.end()
    lines = [json.loads(line) for line in running.log]
    assert [line["event"] for line in lines].count("tokens cannot be reviewed") == 1
    for secret in ("a-secret-token", fake_api_server.REVIEWER):
        assert secret not in "".join(running.log)
