"""An endpoint that a ModelDeployment names is judged when it is connected to, at real sockets."""

import socket
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
from dandelion_training.ports.failures import Reason, TrainingFailure
from dandelion_training.ports.storage import Location, s3
from dandelion_training.ports.storage.account import AGENT
from dandelion_training.ports.web.networks import Network

CLOSED = (ip_network("169.254.0.0/16"), ip_network("127.0.0.0/8"), ip_network("::1/128"))
PLACE = Location.parse("s3://models/default/lawn")


class Listening(ThreadingHTTPServer):
    """Answers whatever it is asked, and remembers it."""

    daemon_threads = True

    def __init__(self) -> None:
        super().__init__(("127.0.0.1", 0), _Handler)
        self.asked: list[str] = []


class _Handler(BaseHTTPRequestHandler):
    server: Listening

    def do_GET(self) -> None:
        self.server.asked.append(f"{self.headers['Host'].partition(':')[0]}{self.path}")
        body = b""
        if self.path == "/key":
            body = (
                b'{"AccessKeyId": "a", "SecretAccessKey": "s", "Token": "t",'
                b' "Expiration": "2999-01-01T00:00:00Z"}'
            )
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        pass


@pytest.fixture
def listening() -> Iterator[Listening]:
    with Listening() as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield server
        server.shutdown()


def resolving(monkeypatch: pytest.MonkeyPatch, *addresses: str) -> list[str]:
    """Let every name mean these addresses; which names were asked for."""
    asked: list[str] = []
    real = socket.getaddrinfo

    def resolved(host: str, port: Any, *about: Any, **more: Any) -> list[Any]:
        if host.rpartition(".")[2].isdecimal() or ":" in host:
            return list(real(host, port, *about, **more))
        asked.append(host)
        return [found for one in addresses for found in real(one, port, type=socket.SOCK_STREAM)]

    monkeypatch.setattr(socket, "getaddrinfo", resolved)
    return asked


def read(endpoint: str, folder: Path, closed: tuple[Network, ...]) -> bytes | None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        (folder / name).write_text("key")
    store = s3.connect(endpoint, "us-east-1", folder, "", attempts=1, pool=1, closed=closed)
    return store.read(PLACE)


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("127.0.0.1", "127.0.0.0/8"),
        ("::1", "::1/128"),
        ("::ffff:127.0.0.1", "127.0.0.0/8"),
        ("169.254.169.254", "169.254.0.0/16"),
    ],
)
@pytest.mark.parametrize("scheme", ["http", "https"])
def test_a_name_is_judged_by_what_it_means_when_it_is_connected_to(
    listening: Listening,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    network: str,
    scheme: str,
) -> None:
    asked = resolving(monkeypatch, address)
    endpoint = f"{scheme}://innocent.example.com:{listening.server_port}"
    with pytest.raises(TrainingFailure) as caught:
        read(endpoint, tmp_path, CLOSED)
    assert caught.value.reason is Reason.STORAGE_UNREACHABLE
    told = f"innocent.example.com is {address}, and {network} is closed"
    assert told in caught.value.message
    assert "tenancy.endpoints" in caught.value.message
    assert asked == ["innocent.example.com"]
    assert listening.asked == []


def test_one_closed_address_among_others_closes_a_name(
    listening: Listening, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, "127.0.0.1", "169.254.169.254")
    with pytest.raises(TrainingFailure, match=r"is 169\.254\.169\.254"):
        read(f"http://innocent.example.com:{listening.server_port}", tmp_path, CLOSED[:1])
    assert listening.asked == []


@pytest.mark.parametrize("closed", [(), CLOSED[:1]], ids=["the installation's own", "an own one"])
def test_what_is_not_closed_is_asked_by_its_name(
    listening: Listening,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    closed: tuple[Network, ...],
) -> None:
    resolving(monkeypatch, "127.0.0.1")
    read(f"http://minio.example.com:{listening.server_port}", tmp_path, closed)
    assert listening.asked == ["minio.example.com/models/default/lawn"]


def test_another_address_of_a_name_is_tried_where_one_does_not_answer(
    listening: Listening, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, "127.0.0.2", "127.0.0.1")
    read(f"http://minio.example.com:{listening.server_port}", tmp_path, CLOSED[:1])
    assert listening.asked == ["minio.example.com/models/default/lawn"]


def test_an_unknown_name_is_told(tmp_path: Path) -> None:
    with pytest.raises(TrainingFailure, match="did not answer"):
        read("http://unknown.invalid:9000", tmp_path, CLOSED)


def test_whom_an_account_asks_for_its_key_may_be_anywhere(
    listening: Listening, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(AGENT, f"http://127.0.0.1:{listening.server_port}/key")
    store = s3.connect(
        f"http://127.0.0.1:{listening.server_port}",
        "us-east-1",
        tmp_path,
        "",
        attempts=1,
        pool=1,
        closed=CLOSED,
    )
    with pytest.raises(TrainingFailure, match="is closed"):
        store.read(PLACE)
    assert listening.asked == ["127.0.0.1/key"]
