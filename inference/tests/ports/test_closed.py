"""An endpoint that a ModelDeployment names is judged when it is connected to, at real sockets."""

from __future__ import annotations

import socket
from ipaddress import ip_network
from pathlib import Path
from typing import Any

import pytest
import urllib3
from dandelion_inference.errors import LoadError, Reason
from dandelion_inference.model.store import S3Store
from dandelion_inference.ports.settings import Settings
from dandelion_inference.ports.storage import Fault, S3Writer, StorageError
from dandelion_inference.ports.storage.closed import Network
from fakes.s3 import FakeS3
from given import artifacts
from running.loading import settings

CLOSED = (ip_network("169.254.0.0/16"), ip_network("127.0.0.0/8"), ip_network("::1/128"))
TIMEOUT = urllib3.Timeout(connect=5, read=5)


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


def told(endpoint: str, home: Path, closed: tuple[Network, ...]) -> Settings:
    found = settings(artifacts.stored(), endpoint, home)
    return found.model_copy(update={"s3_closed_networks": closed})


def named(s3: FakeS3, scheme: str = "http") -> str:
    return f"{scheme}://innocent.example.com:{s3.server_port}"


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
    s3: FakeS3,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    address: str,
    network: str,
    scheme: str,
) -> None:
    asked = resolving(monkeypatch, address)
    with pytest.raises(LoadError) as failed:
        list(S3Store(told(named(s3, scheme), tmp_path, CLOSED)).read("models", "x"))
    assert failed.value.reason is Reason.STORAGE_UNREACHABLE
    assert f"innocent.example.com is {address}, and {network} is closed" in failed.value.detail
    assert "tenancy.endpoints" in failed.value.detail
    assert asked == ["innocent.example.com"]
    assert s3.requests == []


def test_nothing_is_logged_to_a_closed_address_either(
    s3: FakeS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, "127.0.0.1")
    given = told(named(s3), tmp_path, CLOSED)
    given = given.model_copy(update={"log_credentials_dir": given.s3_credentials_dir})
    with pytest.raises(StorageError, match=r"cannot write .* is closed") as failed:
        S3Writer(given, TIMEOUT).write("log", "x", b"row", "text/plain")
    assert failed.value.fault is Fault.UNREACHABLE
    assert s3.written == []


def test_one_closed_address_among_others_closes_a_name(
    s3: FakeS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    resolving(monkeypatch, "127.0.0.1", "169.254.169.254")
    with pytest.raises(LoadError, match=r"is 169\.254\.169\.254"):
        list(S3Store(told(named(s3), tmp_path, CLOSED[:1])).read("models", "x"))
    assert s3.requests == []


@pytest.mark.parametrize("closed", [(), CLOSED[:1]], ids=["the installation's own", "an own one"])
@pytest.mark.parametrize(
    "addresses", [("127.0.0.1",), ("127.0.0.2", "127.0.0.1")], ids=["one", "the second"]
)
def test_what_is_not_closed_is_read(
    s3: FakeS3,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    closed: tuple[Network, ...],
    addresses: tuple[str, ...],
) -> None:
    resolving(monkeypatch, *addresses)
    s3.objects["/models/x"] = b"content"
    found = S3Store(told(named(s3), tmp_path, closed)).read("models", "x")
    assert b"".join(found) == b"content"


def test_whom_an_account_asks_for_its_key_may_be_anywhere(
    s3: FakeS3, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("AWS_CONTAINER_CREDENTIALS_FULL_URI", f"{s3.url}/key")
    given = told(s3.url, tmp_path, CLOSED)
    given = given.model_copy(update={"s3_credentials_dir": tmp_path / "none"})
    with pytest.raises(LoadError):
        list(S3Store(given).read("models", "x"))
    assert s3.requests == ["/key"]
