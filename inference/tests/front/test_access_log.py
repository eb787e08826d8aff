"""What the access log holds, and what it never does."""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator
from typing import Any

import pictures
import pytest
from dandelion_inference.front.access_log import (
    FAILURE_BURST,
    REFUSAL_BURST,
    REFUSAL_RATE,
    Sampler,
)
from given import uploads
from given.door import Clock
from given.inferences import INFER, image
from running.logging_service import events, eventually
from running.service import Service, ready


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """One that nobody else floods with errors."""
    told = {"DANDELION_ACCESS_LOG_SAMPLE_RATIO": "1"}
    with ready(tmp_path_factory.mktemp("home"), **told) as running:
        yield running


def line(service: Service, request_id: str) -> dict[str, Any]:
    """The one line about that request."""

    def found() -> list[dict[str, Any]]:
        return [line for line in events(service, "access") if line["request_id"] == request_id]

    eventually(lambda: bool(found()))
    [only] = found()
    return only


def test_an_answer_is_a_line(service: Service) -> None:
    body = pictures.plain()
    answer = service.post("/predict", content=body, headers={"X-Request-Id": "good"})
    found = line(service, "good")
    assert found.pop("time").endswith("Z")
    total = found.pop("total_seconds")
    parts = [found.pop(f"{stage}_seconds") for stage in ("queue", "decode", "compute")]
    assert min(parts) > 0
    assert sum(parts) < total
    assert found == {
        "event": "access",
        "level": "info",
        "request_id": "good",
        "answer_id": answer.json()["id"],
        "model": "lawn",
        "version": "3",
        "method": "POST",
        "route": "/predict",
        "code": 200,
        "bytes_in": len(body),
        "images": 1,
    }


def test_a_traced_request_leads_to_its_trace(service: Service) -> None:
    trace, span = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"
    headers = {"X-Request-Id": "traced", "traceparent": f"00-{trace}-{span}-01"}
    service.get("/v2/health/live", headers=headers)
    found = line(service, "traced")
    assert (found["trace_id"], found["span_id"]) == (trace, span)


@pytest.mark.parametrize(
    ("path", "given", "told"),
    [
        ("/nowhere/else", {}, ("unmatched", 404, "NotFound", 0)),
        ("/readyz", {}, ("/readyz", 405, "MethodNotAllowed", 0)),
        ("/predict", {"content": b"no"}, ("/predict", 400, "NotAnImage", 1)),
        (
            "/predict",
            {"files": uploads.form(b"no", b"neither")},
            ("/predict", 400, "NotAnImage", 2),
        ),
        (
            "/predict",
            {"files": uploads.form(b"no", pictures.plain())},
            ("/predict", 200, None, 2),
        ),
        ("/feedback", {"json": {}}, ("/feedback", 409, "FeedbackDisabled", 0)),
        (INFER, {"content": b"no"}, ("/v2/models/{name}/infer", 400, "MalformedRequest", 0)),
        (
            INFER,
            {"json": {"inputs": [image()]}},
            ("/v2/models/{name}/infer", 200, None, 1),
        ),
        ("/explain", {"content": pictures.plain()}, ("/explain", 200, None, 1)),
    ],
)
def test_a_line_says_what_came_of_it(
    service: Service,
    path: str,
    given: dict[str, Any],
    told: tuple[str, int, str | None, int],
) -> None:
    name = f"case-{told[0]}-{told[1]}-{told[3]}".translate(str.maketrans("{}", "__"))
    answer = service.post(path, headers={"X-Request-Id": name}, **given)
    found = line(service, name)
    assert (found["route"], found["code"], found.get("problem"), found["images"]) == told
    assert found["answer_id"] == answer.headers["Dandelion-Answer-Id"]


def test_a_stream_is_a_line_for_all_of_its_answers(service: Service) -> None:
    image = base64.b64encode(pictures.plain()).decode()
    lines = b"".join(json.dumps({"image": text}).encode() + b"\n" for text in (image, "no", image))
    headers = {"X-Request-Id": "stream", "Content-Type": "application/x-ndjson"}
    answer = service.post("/predict", content=lines, headers=headers)
    named = [json.loads(text).get("answer_id") for text in answer.text.splitlines()]
    found = line(service, "stream")
    assert (found["code"], found["images"], found["bytes_in"]) == (200, 3, len(lines))
    assert found["answer_id"] == answer.headers["Dandelion-Answer-Id"]
    assert found["answer_id"] not in named


def test_no_secret_is_written_down(service: Service) -> None:
    secret = "c0ffee-token"
    service.post(
        f"/nowhere-{secret}?token={secret}",
        headers={
            "Authorization": f"Bearer {secret}",
            "Cookie": f"session={secret}",
            "X-Request-Id": "secretive",
            "User-Agent": secret,
            "Referer": f"https://elsewhere/?key={secret}",
            "tracestate": f"vendor={secret}",
        },
        content=secret.encode(),
    )
    line(service, "secretive")
    assert not [text for text in service.log if secret in text]


def test_a_share_of_the_good_answers_is_written() -> None:
    chances = iter([0.0, 0.2, 0.3, 0.99])
    sampler = Sampler(0.25, chance=lambda: next(chances))
    assert [sampler.takes(200) for _ in range(4)] == [True, True, False, False]


@pytest.mark.parametrize(("ratio", "taken"), [(0.0, False), (1.0, True)])
def test_none_or_all_of_them_may_be(ratio: float, taken: bool) -> None:
    assert {Sampler(ratio).takes(200) for _ in range(1000)} == {taken}


@pytest.mark.parametrize(
    ("status", "burst"), [(400, REFUSAL_BURST), (499, REFUSAL_BURST), (503, FAILURE_BURST)]
)
def test_a_flood_of_errors_is_cut_and_counted(status: int, burst: float) -> None:
    sampler = Sampler(0, now=Clock())
    taken = [sampler.takes(status) for _ in range(int(burst) + 50)]
    assert taken == [True] * int(burst) + [False] * 50
    assert sampler.suppressed() == 50
    assert sampler.suppressed() == 0


def test_refusals_do_not_hide_failures() -> None:
    sampler = Sampler(0, now=Clock())
    for _ in range(10_000):
        sampler.takes(404)
    assert sampler.takes(500)


def test_after_a_flood_lines_come_again() -> None:
    clock = Clock()
    sampler = Sampler(0, now=clock)
    for _ in range(10_000):
        sampler.takes(404)
    clock.now += 1
    assert sum(sampler.takes(404) for _ in range(1000)) == REFUSAL_RATE
