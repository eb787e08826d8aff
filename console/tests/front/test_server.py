"""The server on a real socket: who does not ask in time is not waited for."""

from __future__ import annotations

import socket
import threading
import time
from collections.abc import Iterator
from contextlib import closing
from http.client import HTTPConnection
from pathlib import Path

import pytest
from dandelion_console.front import connection
from dandelion_console.front.server import listen, server
from fakes.cluster import FakeCluster
from given.browser import app

# Of a connection on which nothing comes, and of one that is used: a busy machine takes its time.
SHORT, LONG = 0.2, 4.0


@pytest.fixture
def port(cluster: FakeCluster, tmp_path: Path) -> Iterator[int]:
    with listen("127.0.0.1", 0) as listening:
        running = server(app(cluster, tmp_path))
        thread = threading.Thread(target=running.run, kwargs={"sockets": [listening]})
        thread.start()
        yield listening.getsockname()[1]
        running.should_exit = True
        thread.join(30)


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


def test_a_head_that_is_too_long_is_refused(port: int) -> None:
    with connected(port) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: console\r\nCookie: " + b"a" * 40_000)
        assert client.recv(4000).startswith(b"HTTP/1.1 400 ")
