"""Newline-delimited JSON on /predict: an image a line in, its answer a line out."""

from __future__ import annotations

import asyncio
import base64
import json
import time
from collections.abc import Iterable
from types import SimpleNamespace
from typing import Any

import httpx
import pictures
import pytest
from dandelion_inference.front.routes.stream import _Stream
from dandelion_inference.intake.admission import Streams
from dandelion_inference.intake.upload import Pace
from running.conversation import Conversation
from running.service import Service
from starlette.requests import Request
from starlette.types import Message

MIB = 1024 * 1024
NDJSON = {"Content-Type": "application/x-ndjson"}


def text(label: str) -> str:
    return base64.b64encode(pictures.plain(pictures.COLOURS[label])).decode()


RED, GREEN, BLUE = (text(label) for label in ("red", "green", "blue"))


def body(*lines: Any) -> bytes:
    return b"".join(json.dumps(line).encode() + b"\n" for line in lines)


def answers(answer: httpx.Response) -> list[dict[str, Any]]:
    assert answer.status_code == 200, answer.text
    assert answer.headers["Content-Type"] == "application/x-ndjson"
    assert answer.text.endswith("\n")
    return [json.loads(line) for line in answer.text.splitlines()]


def test_each_line_is_answered_by_a_line_in_order(client: httpx.Client) -> None:
    sent = body({"image": RED, "id": "a.png"}, {"b64": GREEN, "id": 7}, BLUE, {"image": RED})
    found = answers(client.post("/predict", content=sent, headers=NDJSON))
    assert [line["label"] for line in found] == ["red", "green", "blue", "red"]
    assert [line["index"] for line in found] == [0, 1, 2, 3]
    assert [line.get("id") for line in found] == ["a.png", 7, None, None]
    assert len({line["answer_id"] for line in found}) == 4
    assert all(list(line["scores"]) == ["red", "green", "blue"] for line in found)


@pytest.mark.parametrize(
    "content_type",
    ["application/x-ndjson; charset=utf-8", "Application/NDJSON", "application/jsonl"],
)
def test_the_names_that_clients_have_for_it_are_known(
    client: httpx.Client, content_type: str
) -> None:
    answer = client.post(
        "/predict?top=1", content=body(GREEN), headers={"Content-Type": content_type}
    )
    assert [list(line["scores"]) for line in answers(answer)] == [["green"]]


def test_blank_lines_and_a_missing_end_are_no_matter(client: httpx.Client) -> None:
    sent = b"\n\r\n" + body(RED) + b"   \n" + body(GREEN).replace(b"\n", b"\r\n") + body(BLUE)[:-1]
    found = answers(client.post("/predict", content=sent, headers=NDJSON))
    assert [(line["index"], line["label"]) for line in found] == [
        (0, "red"),
        (1, "green"),
        (2, "blue"),
    ]


BAD: dict[str, tuple[bytes, str]] = {
    "no JSON": (b"{", "MalformedRequest"),
    "no image": (b"{}", "InvalidRequest"),
    "a number": (b"5", "InvalidRequest"),
    "text that is no image": (b'{"image": "hello"}', "NotAnImage"),
    "an address": (b'{"image": "https://example.org/cat.jpg"}', "AddressNotFetched"),
    "an empty image": (b'{"image": ""}', "EmptyUpload"),
    "more bytes than a line may have": (b"a" * (1024 * 1024 + 1), "UploadTooLarge"),
    "brackets without end": (b"[" * 500_000, "MalformedRequest"),
    "bytes that are no text": (b'{"image": "\xff"}', "MalformedRequest"),
    "an id that is no text": (b'{"image": "", "id": [1]}', "InvalidRequest"),
    "an id without end": (b'{"image": "", "id": "%s"}' % (b"x" * 2000), "InvalidRequest"),
}


@pytest.mark.parametrize("case", BAD)
def test_a_bad_line_does_not_refuse_the_others(client: httpx.Client, case: str) -> None:
    line, code = BAD[case]
    sent = body(RED) + line + b"\n" + body({"image": BLUE, "id": "after"})
    first, bad, last = answers(client.post("/predict", content=sent, headers=NDJSON))
    assert (first["label"], last["label"], last["id"]) == ("red", "blue", "after")
    assert bad["index"] == 1
    assert bad["problem"]["code"] == code
    assert bad["problem"]["detail"]
    assert "answer_id" not in bad


def test_a_bad_line_is_told_with_the_id_that_it_has(client: httpx.Client) -> None:
    sent = body({"id": "x\ud800", "image": "hello"})
    [line] = answers(client.post("/predict", content=sent, headers=NDJSON))
    assert line["id"] == "x\ud800"
    assert line["problem"]["code"] == "NotAnImage"


def test_more_than_a_body_may_hold_goes_through_line_by_line(client: httpx.Client) -> None:
    """The service takes bodies of 1 MiB."""
    picture = base64.b64encode(pictures.encoded(pictures.noise((120, 120)))).decode()
    count = 4 * 1024 * 1024 // len(picture)
    sent = (body({"image": picture, "id": number}) for number in range(count))
    found = answers(client.post("/predict", content=sent, headers=NDJSON))
    assert [line["id"] for line in found] == list(range(count))
    assert all("label" in line for line in found)


def test_an_answer_comes_before_the_next_line_is_sent(client: httpx.Client) -> None:
    """As from a camera: each image is sent when the last one's answer is there."""
    labels = ["red", "green", "blue"]
    with Conversation(str(client.base_url)) as conversation:
        for label in labels:
            conversation.say(body(text(label)))
            assert conversation.hear()["label"] == label
        conversation.end()


def test_a_stream_of_nothing_is_refused(client: httpx.Client) -> None:
    for nothing in (b"", b"\n\n"):
        answer = client.post("/predict", content=nothing, headers=NDJSON)
        assert (answer.status_code, answer.json()["code"]) == (400, "EmptyUpload")


def test_what_refuses_all_of_it_refuses_before_the_first_line(client: httpx.Client) -> None:
    compressed = client.post(
        "/predict", content=body(RED), headers={**NDJSON, "Content-Encoding": "gzip"}
    )
    assert compressed.json()["code"] == "UnsupportedEncoding"
    assert client.post("/predict?top=x", content=body(RED), headers=NDJSON).status_code == 422


def test_streams_are_counted_apart_from_single_answers(
    running_service: Service, client: httpx.Client
) -> None:
    client.post("/predict", content=body(RED), headers=NDJSON)
    assert 'route="/predict (stream)"' in running_service.metrics()


def test_the_place_of_a_stream_is_free_before_its_end_is_heard() -> None:
    async def authorized(*_: object) -> None:
        pass

    streams = Streams(1, MIB, 1)
    service: Any = SimpleNamespace(
        streams=streams,
        settings=SimpleNamespace(max_upload_bytes=MIB),
        pace=Pace(60, 1, 60),
        readiness=SimpleNamespace(require_ready=lambda: None),
        authorize=authorized,
    )
    scope = {"type": "http", "method": "POST", "path": "/predict", "headers": []}
    told: list[tuple[Message, int]] = []

    async def send(message: Message) -> None:
        told.append((message, streams.requests))

    async def scene() -> None:
        coming: asyncio.Queue[Message] = asyncio.Queue()
        coming.put_nowait({"type": "http.request", "body": body({}), "more_body": False})
        request = Request(scope, coming.get)
        await _Stream(service, request, Any, None)(scope, coming.get, send)

    asyncio.run(scene())
    assert [(message.get("more_body"), held) for message, held in told] == [
        (None, 1),
        (True, 1),
        (False, 0),
    ]


def test_the_client_that_goes_away_ends_its_stream(client: httpx.Client) -> None:
    def lines() -> Iterable[bytes]:
        yield body(RED)
        raise ConnectionError("the client's network failed")

    for _ in range(8):  # more than there may be at once
        with pytest.raises(ConnectionError):
            client.post("/predict", content=lines(), headers=NDJSON)
    deadline = time.monotonic() + 30
    while (answer := client.post("/predict", content=body(BLUE), headers=NDJSON)).is_error:
        assert answer.json()["code"] == "QueueFull"
        assert time.monotonic() < deadline
        time.sleep(0.02)
    assert [line["label"] for line in answers(answer)] == ["blue"]
