"""What the comparison of servers rests on: its client sees every wrong answer and keeps time."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from client import Question, closed_loop, open_loop, post
from limit import Alternation, forms
from plot import Panel, bars
from report import write_report

RIGHT = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nright"
CHUNKED = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n5\r\nright\r\n0\r\n\r\n"
CLOSING = b"HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 5\r\n\r\nright"
WRONG = b"HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nother"
BUSY = b"HTTP/1.1 429 Too Many Requests\r\nContent-Length: 0\r\n\r\n"
QUESTION = Question(post("/", "text/plain", b"what?"), b"right")


@contextlib.contextmanager
def answering(response: bytes, lets_go: bool = False) -> Iterator[int]:
    """A server that answers every request of any connection so, and closes it with that where it
    `lets_go`, without a word of it; its port."""

    def answer(connection: socket.socket) -> None:
        # What has been answered is closed before it is heard.
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_CORK, lets_go)
        with connection, contextlib.suppress(OSError):
            while connection.recv(1 << 16):
                if not response:
                    return
                connection.sendall(response)
                if lets_go or b"Connection: close" in response:
                    return

    def accept() -> None:
        with contextlib.suppress(OSError):
            while True:
                threading.Thread(target=answer, args=(listening.accept()[0],), daemon=True).start()

    with socket.create_server(("127.0.0.1", 0)) as listening:
        thread = threading.Thread(target=accept)
        thread.start()
        yield listening.getsockname()[1]
        listening.shutdown(socket.SHUT_RDWR)
        thread.join()


@pytest.mark.parametrize("response", [RIGHT, CHUNKED, CLOSING], ids=["plain", "chunked", "closing"])
def test_right_answers_are_counted_however_they_are_framed(response: bytes) -> None:
    with answering(response) as port:
        load = closed_loop(port, [QUESTION], connections=3, seconds=0.2)
    assert not load.errors
    assert len(load.latencies) >= 3
    assert load.rate > 0


@pytest.mark.parametrize(
    ("response", "error"),
    [
        pytest.param(WRONG, "wrong answer", id="another answer"),
        pytest.param(BUSY, "429", id="another status"),
        pytest.param(b"", "connection closed", id="no answer"),
    ],
)
def test_every_other_answer_is_an_error(response: bytes, error: str) -> None:
    with answering(response) as port:
        load = closed_loop(port, [QUESTION], connections=2, seconds=0.1)
    assert not load.latencies
    assert set(load.errors) == {error}


def test_a_connection_that_the_server_has_let_go_of_is_no_error() -> None:
    with answering(RIGHT, lets_go=True) as port:
        load = open_loop(port, [QUESTION], rate=5, seconds=1)
    assert len(load.latencies) == 5
    assert not load.errors


def test_a_server_that_is_not_there_is_an_error() -> None:
    with socket.socket() as held:
        held.bind(("127.0.0.1", 0))  # and nobody listens; let go, it would be somebody else's soon
        load = closed_loop(held.getsockname()[1], [QUESTION], connections=2, seconds=0.1)
    assert set(load.errors) == {"ConnectionRefusedError"}


def test_questions_come_as_often_as_asked_for() -> None:
    with answering(RIGHT) as port:
        load = open_loop(port, [QUESTION], rate=100, seconds=0.5)
    assert len(load.latencies) == 50
    assert not load.errors


class Slowing:
    """A bare loop on a machine that gets slower with every turn."""

    def __init__(self) -> None:
        self.asked: list[float] = []

    def rate(self, seconds: float) -> float:
        self.asked.append(seconds)
        return 100.0 - 10 * len(self.asked)


def test_the_limit_is_taken_before_between_and_after_the_turns_of_a_load() -> None:
    loop = Slowing()
    alternation = Alternation({"latency": loop, "throughput": Slowing()}, ["latency"], seconds=5)
    shares, seen = [], []
    for share in alternation.turns():
        shares.append(share)
        seen.append(len(loop.asked))
    assert sum(shares) == pytest.approx(1)
    assert seen == list(range(1, len(shares) + 1))
    assert sum(loop.asked) == pytest.approx(5)
    assert alternation.limit == {"latency": pytest.approx(100 - 10 * (len(loop.asked) + 1) / 2)}


def test_one_connection_is_compared_with_one_image_at_a_time() -> None:
    assert forms(1) == ("latency",)
    assert "latency" not in forms(8)


def test_a_bar_of_this_service_stands_out() -> None:
    picture = bars("title", ["one", "two"], [Panel("rates", [10, 20], 25)], marked=1)
    colours = {colour for _, colour in picture.getcolors(1 << 16) or []}
    assert {(217, 130, 43), (76, 120, 168)} <= colours


def _server(rate: float, failure: str = "") -> dict[str, Any]:
    latency = {"p50Milliseconds": 10.0, "p99Milliseconds": 12.0}
    point = {"imagesPerSecond": rate, "shareOfLimit": rate / 100} | latency
    return {
        "failure": failure,
        "installMegabytes": 1.0,
        "errors": {},
        "points": {1: point | {"processorMillisecondsPerImage": 9.0}},
        "startSeconds": 1.0,
        "residentMegabytes": {"afterLoad": 200.0},
        "halfLoad": {"imagesPerSecond": rate / 2, **latency},
    }


def test_the_report_says_who_is_ahead_and_who_is_missing(tmp_path: Path) -> None:
    limit = {"imagesPerSecond": 100.0, "p50Milliseconds": 10.0, "p99Milliseconds": 11.0}
    absent = {"failure": "ServerError: no room", "errors": {}, "points": {}}
    text = write_report(
        {
            "model": "net",
            "machine": "box",
            "measured": "now",
            "rounds": 1,
            "secondsPerPoint": 1.0,
            "connections": [1],
            "client": {"processorMilliseconds": 0.1},
            "limit": {"latency": limit, "throughput": limit},
            "servers": {
                "dandelion": _server(90),
                "litserve, batches": _server(45),
                "litserve-torch, defaults": _server(9),
                "kserve, defaults": absent,
            },
        },
        tmp_path,
        "serving",
    )
    assert "| share of the limit at 1 | 0.9 | ≥ 0.97 |" in text
    assert "| litserve | 45 (0.45) | 10.0 / 12.0 | 1.0 | 200 | 1 |" in text
    assert "| over the best peer at 1 (litserve, batches) | 2.0 | > 1 |" in text
    assert "| over torch as installed, at 1 (litserve-torch, defaults) | 10.0 | ≥ 4.5 |" in text
    assert "| p99 at half load over the bare latency | 1.2 | ≤ 2 |" in text
    assert "ServerError: no room" in text
    assert {path.suffix for path in tmp_path.iterdir()} == {".json", ".md", ".png"}
