"""Streams of lines at the edge of what a service bears: slow, many, while it ends, and by curl."""

from __future__ import annotations

import base64
import json
import subprocess
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack
from http.client import HTTPResponse
from pathlib import Path

import pictures
import pytest
from fakes import api_server
from fakes.s3 import FakeS3
from given import artifacts
from running import service
from running.connections import head, opened
from running.conversation import Conversation
from running.reviewing import reviewing

LABELS = list(pictures.COLOURS)


def line(label: str, **others: object) -> bytes:
    data = base64.b64encode(pictures.plain(pictures.COLOURS[label])).decode()
    return json.dumps({"image": data, **others}).encode() + b"\n"


@pytest.fixture
def environment(s3: FakeS3, tmp_path: Path) -> dict[str, str]:
    stored = artifacts.stored()
    s3.objects.update(stored.objects())
    # Nobody is too slow for it who does not want to be.
    patient = {"DANDELION_UPLOAD_SECONDS": "3600", "DANDELION_UPLOAD_WINDOW_SECONDS": "3600"}
    return service.environment(stored, s3.url, tmp_path) | patient


@pytest.fixture
def running(environment: dict[str, str]) -> Iterator[service.Service]:
    with service.started(environment) as found:
        found.wait_ready()
        yield found


def test_a_pod_that_ends_says_where_to_go_on(running: service.Service) -> None:
    with Conversation(running.url) as conversation:
        for label in LABELS:
            conversation.say(line(label))
            assert conversation.hear()["label"] == label
        running.terminate()
        last = conversation.hear()
    assert last["problem"]["code"] == "NotReady"
    assert last["resume_from"] == 3
    assert "from index 3 on" in last["problem"]["detail"]
    assert running.wait() == 0


def test_a_client_that_sends_no_more_is_told_so(
    environment: dict[str, str],
) -> None:
    impatient = environment | {"DANDELION_UPLOAD_WINDOW_SECONDS": "1"}
    with service.started(impatient) as running:
        running.wait_ready()
        said = line("red") + line("blue")[:20]
        # Together: who says nothing for a second after the head is told so at once.
        sent = head("/predict", "Content-Type: application/x-ndjson", "Transfer-Encoding: chunked")
        with opened(running.url) as connection, HTTPResponse(connection, method="POST") as answer:
            connection.sendall(sent + b"%x\r\n%s\r\n" % (len(said), said))
            answer.begin()
            assert json.loads(answer.readline())["label"] == "red"
            last = json.loads(answer.readline())
        assert last["problem"]["code"] == "UploadTooSlow"
        assert last["resume_from"] == 1
        with Conversation(running.url) as silent:
            assert silent.hear()["code"] == "UploadTooSlow"


def test_open_streams_take_no_place_from_other_requests(environment: dict[str, str]) -> None:
    small = environment | {"DANDELION_QUEUE_LIMIT": "1", "DANDELION_STREAM_LIMIT": "2"}
    with service.started(small) as running, ExitStack() as open_streams:
        running.wait_ready()
        streams = [open_streams.enter_context(Conversation(running.url)) for _ in range(2)]
        for conversation in streams:
            conversation.say(line("red"))
            assert conversation.hear()["label"] == "red"
        third = running.post(
            "/predict", content=line("red"), headers={"Content-Type": "application/x-ndjson"}
        )
        assert (third.status_code, third.json()["code"]) == (429, "QueueFull")
        assert third.json()["detail"].startswith("2 streams")
        answer = running.post("/predict", content=pictures.plain(pictures.BLUE))
        assert answer.json()["predictions"][0]["label"] == "blue"
        for conversation in streams:
            conversation.end()
        third = running.post(
            "/predict", content=line("red"), headers={"Content-Type": "application/x-ndjson"}
        )
        assert third.status_code == 200


def test_single_answers_go_on_while_streams_are_at_work(running: service.Service) -> None:
    def streamed() -> int:
        with service.client(running.url) as client:
            answer = client.post(
                "/predict",
                content=(line(LABELS[n % 3], id=n) for n in range(500)),
                headers={"Content-Type": "application/x-ndjson"},
            )
        found = [json.loads(text) for text in answer.text.splitlines()]
        assert [item["id"] for item in found] == list(range(500))
        assert [item["label"] for item in found] == [LABELS[n % 3] for n in range(500)]
        return len(found)

    with ThreadPoolExecutor(4) as threads, service.client(running.url) as client:
        streams = [threads.submit(streamed) for _ in range(4)]
        answered = 0
        while not all(stream.done() for stream in streams):
            answer = client.post("/predict", content=pictures.plain(pictures.GREEN))
            assert answer.json()["predictions"][0]["label"] == "green"
            answered += 1
        assert [stream.result() for stream in streams] == [500] * 4
    assert answered > 3


def test_a_long_stream_takes_no_more_memory_than_a_short_one(running: service.Service) -> None:
    picture = base64.b64encode(pictures.encoded(pictures.noise((600, 600)))).decode()
    sent = json.dumps({"image": picture}).encode() + b"\n"

    def send(count: int) -> None:
        with service.client(running.url) as client:
            answer = client.post(
                "/predict",
                content=(sent for _ in range(count)),
                headers={"Content-Type": "application/x-ndjson"},
            )
        assert len(answer.text.splitlines()) == count

    send(20)
    running.forget_peak()
    send(20)
    short = running.resident_bytes("VmHWM")
    running.forget_peak()
    send(200)  # almost 300 MB
    assert running.resident_bytes("VmHWM") < short + 48 * 1024 * 1024


def test_curl_sends_and_hears_lines(running: service.Service) -> None:
    """As docs/serving.md has it."""
    command = ["curl", "-sSN", "-T", ".", "-X", "POST", "-H", "Content-Type: application/x-ndjson"]
    with subprocess.Popen(
        [*command, f"{running.url}/predict?top=1"], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as curl:
        assert curl.stdin is not None
        assert curl.stdout is not None
        for label in LABELS:
            curl.stdin.write(line(label, id=f"{label}.png"))
            curl.stdin.flush()
            answer = json.loads(curl.stdout.readline())
            assert (answer["id"], list(answer["scores"])) == (f"{label}.png", [label])
        curl.stdin.close()
        assert curl.stdout.read() == b""
    assert curl.returncode == 0


def test_a_client_that_reads_no_answers_is_left_alone_in_the_end(
    environment: dict[str, str],
) -> None:
    impatient = environment | {
        "DANDELION_STALLED_SECONDS": "2",
        "DANDELION_STREAM_LIMIT": "1",
    }
    with service.started(impatient) as running:
        running.wait_ready()
        small = line("red", id="x" * 1000)
        with Conversation(running.url) as deaf, pytest.raises(ConnectionError):
            deaf.say_for_ever(small)
        headers = {"Content-Type": "application/x-ndjson"}
        deadline = time.monotonic() + 30
        while running.post("/predict", content=small, headers=headers).status_code != 200:
            assert time.monotonic() < deadline
            time.sleep(0.05)


def test_a_stream_needs_a_token_where_a_single_answer_does(
    environment: dict[str, str], tmp_path: Path
) -> None:
    (tmp_path / "account").mkdir()
    with api_server.running(tmp_path / "account") as api:
        api.users["good"] = "system:serviceaccount:default:camera"
        api.rules.add(("system:serviceaccount:default:camera", "predict"))
        with (
            reviewing(api.server_port, api.folder) as reviewer,
            service.started(environment | reviewer.environment()) as running,
        ):
            running.wait_ready()
            headers = {"Content-Type": "application/x-ndjson", "Authorization": "Bearer bad"}
            answer = running.post("/predict", content=line("red"), headers=headers)
            assert (answer.status_code, answer.json()["code"]) == (401, "Unauthenticated")
            headers["Authorization"] = "Bearer good"
            answer = running.post("/predict", content=line("red"), headers=headers)
            assert json.loads(answer.text)["label"] == "red"
