"""What a connection is allowed, whoever has opened it."""

from __future__ import annotations

import contextlib
import json
import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pictures
import pytest
from fakes import s3 as fake_s3
from given import artifacts
from running.service import Service, environment, started

MIB = 1024 * 1024
BEGINNING = b"GET /v2/health/live HTTP/1.1\r\nHost: a\r\n"


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    stored = artifacts.stored()
    with fake_s3.running() as store:
        store.objects.update(stored.objects())
        wanted = environment(stored, store.url, tmp_path_factory.mktemp("home"))
        bounds = {
            "DANDELION_HEAD_SECONDS": "1",
            "DANDELION_REFUSED_DRAIN_SECONDS": "1",
            "DANDELION_MAX_CONNECTIONS": "20",
        }
        with started(wanted | bounds) as running:
            running.wait_ready()
            yield running


def opened(service: Service) -> socket.socket:
    address = urlsplit(service.url)
    assert address.hostname
    assert address.port
    return socket.create_connection((address.hostname, address.port), timeout=60)


def said(connection: socket.socket) -> bytes:
    """All that the service says until it closes."""
    answer = b""
    while True:
        try:
            data = connection.recv(65536)
        except ConnectionResetError:
            return answer
        if not data:
            return answer
        answer += data


def status_and_code(answer: bytes) -> tuple[int, str]:
    head, _, body = answer.partition(b"\r\n\r\n")
    assert b"application/problem+json" in head
    assert b"connection: close" in head
    return int(head.split()[1]), json.loads(body)["code"]


@pytest.mark.parametrize(
    "endless",
    [
        pytest.param([b"X: ", *[b"a" * MIB] * 20], id="one endless header"),
        pytest.param([b"X: a\r\n" * 1000] * 1000, id="tiny headers without end"),
        pytest.param([b"X: a\r\n" * 101 + b"\r\n"], id="one header too many"),
        pytest.param([b"X: " + b"a" * 70_000 + b"\r\n\r\n"], id="a head that arrives at once"),
    ],
)
def test_headers_without_end_are_refused(service: Service, endless: list[bytes]) -> None:
    before = service.resident_bytes()
    with opened(service) as connection:
        connection.sendall(BEGINNING)
        try:
            for piece in endless:
                connection.sendall(piece)
        except (ConnectionResetError, BrokenPipeError):
            pass
        else:
            assert status_and_code(said(connection)) == (431, "HeadersTooLarge")
    assert service.resident_bytes() - before < 10 * MIB
    assert service.get("/v2/health/live").status_code == 200


@pytest.mark.parametrize(
    "trailer", [b"X: a\r\n", b"X" * 100], ids=["trailers without end", "one endless trailer"]
)
def test_trailers_are_headers(service: Service, trailer: bytes) -> None:
    with opened(service) as connection:
        connection.sendall(
            b"POST /predict HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n"
        )
        connection.sendall(b"1\r\nx\r\n0\r\n")
        with contextlib.suppress(ConnectionResetError, BrokenPipeError):
            for _ in range(100):
                connection.sendall(trailer * 1000)
        said(connection)


def test_a_head_that_never_ends_is_given_up(service: Service) -> None:
    with opened(service) as half, opened(service) as silent:
        half.sendall(b"GET /hea")
        assert status_and_code(said(half)) == (408, "UploadTooSlow")
        assert said(silent) == b""


def test_a_second_head_on_a_connection_has_no_longer(service: Service) -> None:
    with opened(service) as connection:
        connection.sendall(BEGINNING + b"\r\n" + BEGINNING)
        assert said(connection).startswith(b"HTTP/1.1 200")


def test_connections_beyond_the_bound_are_refused(service: Service) -> None:
    with contextlib.ExitStack() as stack:
        many = [stack.enter_context(opened(service)) for _ in range(40)]
        assert status_and_code(said(many[-1])) == (429, "QueueFull")
        # Whoever fills the public port takes nothing from those who look after the pod.
        for path in ("/healthz", "/readyz", "/metrics"):
            assert service.probe(path).status_code == 200
        for connection in many:
            connection.close()
    assert service.post("/predict", content=pictures.plain()).status_code == 200


def test_an_early_refusal_reaches_the_client_and_closes(service: Service) -> None:
    size = 40 * MIB
    answer = service.post("/predict", content=bytes(size))
    assert answer.status_code == 413
    with opened(service) as connection:
        connection.sendall(
            b"POST /predict HTTP/1.1\r\nHost: a\r\nContent-Length: %d\r\n\r\n" % (1000 * MIB)
        )
        assert b"413" in connection.recv(65536)
        # Refused, and still sending: it is not listened to for ever.
        with pytest.raises((ConnectionResetError, BrokenPipeError)):
            _send(connection, pieces=990)


def _send(connection: socket.socket, pieces: int) -> None:
    """So many mebibytes."""
    for _ in range(pieces):
        connection.sendall(bytes(MIB))
