"""The server on a real socket: who does not ask in time is not waited for."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import AsyncIterator, Iterator
from contextlib import closing, contextmanager
from http.client import HTTPConnection
from pathlib import Path

import httpx
import pytest
from dandelion_console.front import connection
from dandelion_console.front.gate import Gate
from dandelion_console.front.server import listen, server
from fakes.cluster import FakeCluster
from fakes.review import FakeReview
from given.browser import Browser, app

# Of a connection on which nothing comes, and of one that is used: a busy machine takes its time.
SHORT, LONG = 0.2, 4.0
IMAGE = f"/namespaces/team/models/lawn/review/images/{1:064x}"
HEALTH = "GET /healthz HTTP/1.1\r\nHost: a\r\n\r\n"


@contextmanager
def serving(console: Gate) -> Iterator[int]:
    with listen("127.0.0.1", 0) as listening:
        running = server(console)
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]}, daemon=True)
        thread.start()
        yield listening.getsockname()[1]
        running.should_exit = True
        thread.join(30)


@pytest.fixture
def port(cluster: FakeCluster, tmp_path: Path) -> Iterator[int]:
    with serving(app(cluster, tmp_path)) as port:
        yield port


def connected(port: int) -> socket.socket:
    return socket.create_connection(("127.0.0.1", port), timeout=30)


@pytest.mark.parametrize(
    "sent",
    [
        b"",
        b"GET /healthz HT",
        b"POST /login HTTP/1.1\r\nHost: console\r\nOrigin: http://console\r\n"
        b"Content-Type: application/x-www-form-urlencoded\r\nContent-Length: 100\r\n\r\ntok",
    ],
    ids=["nothing", "half a head", "half a body"],
)
def test_a_request_that_does_not_come_ends_its_connection(
    port: int, sent: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "REQUEST_SECONDS", SHORT)
    with connected(port) as client:
        client.sendall(sent)
        assert client.recv(1000) == b""


def test_who_asks_is_answered_and_may_ask_again_later(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "REQUEST_SECONDS", LONG)
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as client:
        client.request("GET", "/healthz")
        assert client.getresponse().read() == b"ok\n"
        used = client.sock
        time.sleep(LONG + 1)
        client.request("GET", "/healthz")
        assert client.getresponse().read() == b"ok\n"
        assert client.sock is used


class LargeImage(httpx.AsyncByteStream):
    """Of 64 MiB, which no socket holds."""

    ended = False

    async def __aiter__(self) -> AsyncIterator[bytes]:
        for _ in range(64):
            yield bytes(1 << 20)

    async def aclose(self) -> None:
        self.ended = True


@pytest.mark.parametrize("ahead", ["", HEALTH], ids=["alone", "behind another request"])
def test_an_answer_that_is_not_taken_is_given_up(
    cluster: FakeCluster, tmp_path: Path, ahead: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Nobody holds what it is read from for as long as they like."""
    monkeypatch.setattr(connection, "ANSWER_SECONDS", SHORT)
    cluster.let("viewer", "create review")
    image = LargeImage()
    console = app(cluster, tmp_path, review=FakeReview(image=image))
    browser = Browser(console)
    browser.log_in("token-of-viewer")
    cookies = "; ".join(f"{name}={value}" for name, value in browser.cookies.items())
    with serving(console) as port, connected(port) as client:
        client.sendall(
            f"{ahead}GET {IMAGE} HTTP/1.1\r\nHost: a\r\nCookie: {cookies}\r\n\r\n".encode()
        )
        deadline = time.monotonic() + 60
        while not image.ended and time.monotonic() < deadline:
            time.sleep(0.05)
        assert image.ended


def test_an_answer_that_is_taken_leaves_its_connection(
    port: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection, "ANSWER_SECONDS", SHORT)
    with closing(HTTPConnection("127.0.0.1", port, timeout=30)) as client:
        client.request("GET", "/healthz")
        assert client.getresponse().read() == b"ok\n"
        used = client.sock
        time.sleep(3 * SHORT)
        client.request("GET", "/healthz")
        assert client.getresponse().read() == b"ok\n"
        assert client.sock is used


def test_a_head_that_is_too_long_is_refused(port: int) -> None:
    with connected(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: console\r\nCookie: " + b"a" * 40_000)
        assert client.recv(4000).startswith(b"HTTP/1.1 400 ")
