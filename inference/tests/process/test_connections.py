"""What a connection is allowed, whoever has opened it."""

from __future__ import annotations

import contextlib
import json
import select
import socket
import time
from collections.abc import Iterator
from pathlib import Path

import pictures
import pytest
from fakes import s3 as fake_s3
from given import artifacts
from running.connections import head, opened, said, send_all, status_and_code
from running.service import PATIENCE, Service, client, environment, started

MIB = 1024 * 1024
BEGINNING = b"GET /v2/health/live HTTP/1.1\r\nHost: a\r\n"
MAX_CONNECTIONS = 20


PATIENT, IMPATIENT = (
    {
        "DANDELION_HEAD_SECONDS": seconds,
        "DANDELION_REFUSED_DRAIN_SECONDS": seconds,
        "DANDELION_STALLED_SECONDS": seconds,
    }
    for seconds in ("3600", "1")
)


@contextlib.contextmanager
def serving(home: Path, bounds: dict[str, str]) -> Iterator[Service]:
    stored = artifacts.stored()
    with fake_s3.running() as store:
        store.objects.update(stored.objects())
        wanted = environment(stored, store.url, home) | bounds
        few = {"DANDELION_MAX_CONNECTIONS": str(MAX_CONNECTIONS)}
        with started(wanted | few) as running:
            running.wait_ready()
            yield running


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """Where nobody's time is up, however slow the machine is."""
    never = {"DANDELION_UPLOAD_SECONDS": "3600", "DANDELION_UPLOAD_WINDOW_SECONDS": "3600"}
    with serving(tmp_path_factory.mktemp("patient"), PATIENT | never) as running:
        yield running


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    """For those who are late, and for nobody else."""
    with serving(tmp_path_factory.mktemp("impatient"), IMPATIENT) as running:
        yield running


@pytest.mark.parametrize(
    "endless",
    [
        pytest.param([b"X: ", *[b"a" * MIB] * 100], id="one endless header"),
        pytest.param([b"X: a\r\n" * 1000] * 1000, id="tiny headers without end"),
        pytest.param([b"X: a\r\n" * 101 + b"\r\n"], id="one header too many"),
        pytest.param([b"X: " + b"a" * 70_000 + b"\r\n\r\n"], id="a head that arrives at once"),
    ],
)
def test_headers_without_end_are_refused_in_words(service: Service, endless: list[bytes]) -> None:
    service.forget_peak()
    before = service.resident_bytes()
    with opened(service.url) as connection:
        assert send_all(connection, [BEGINNING, *endless])
        assert status_and_code(said(connection)) == (431, "HeadersTooLarge")
    assert service.resident_bytes("VmHWM") - before < 10 * MIB
    assert service.probe("/healthz").status_code == 200


def test_a_head_that_is_sent_ahead_is_bounded_too(service: Service) -> None:
    with opened(service.url) as connection:
        connection.sendall(head("/", "Content-Length: 1") + b"x" + BEGINNING)
        connection.sendall(b"X: " + b"a" * 70_000 + b"\r\n\r\n")
        assert b"HTTP/1.1 200" not in said(connection)
        connection.close()
    with opened(service.url) as connection:
        connection.sendall(
            head("/", "Content-Length: 1") + b"x" + BEGINNING + b"X: " + b"a" * 70_000 + b"\r\n\r\n"
        )
        assert b"HTTP/1.1 200" not in said(connection)


@pytest.mark.parametrize(
    "trailer", [b"X: a\r\n", b"X" * 100], ids=["trailers without end", "one endless trailer"]
)
def test_trailers_are_headers(service: Service, trailer: bytes) -> None:
    with opened(service.url) as connection:
        connection.sendall(head("/predict", "Transfer-Encoding: chunked"))
        send_all(connection, [b"1\r\nx\r\n0\r\n", *[trailer * 1000] * 100])
        assert status_and_code(said(connection)) == (431, "HeadersTooLarge")


def test_a_head_that_never_ends_is_given_up(impatient: Service) -> None:
    with (
        opened(impatient.url) as half,
        opened(impatient.url) as silent,
        opened(impatient.url) as dripping,
    ):
        half.sendall(b"GET /hea")
        dripping.sendall(b"GET /")
        # As long as it is taken.
        while send_all(dripping, [b"X"]) and not _has_answer(dripping):
            time.sleep(0.05)
        assert status_and_code(said(half)) == (408, "UploadTooSlow")
        assert status_and_code(said(dripping)) == (408, "UploadTooSlow")
        assert said(silent) == b""


def _has_answer(connection: socket.socket) -> bool:
    connection.setblocking(False)
    try:
        return bool(connection.recv(1, socket.MSG_PEEK))
    except BlockingIOError:
        return False
    finally:
        connection.settimeout(PATIENCE)


def test_a_second_head_on_a_connection_has_no_longer(impatient: Service) -> None:
    with opened(impatient.url) as connection:
        connection.sendall(BEGINNING + b"\r\n" + BEGINNING)
        answer = said(connection)
        assert answer.startswith(b"HTTP/1.1 200")
        assert b"HTTP/1.1 408" in answer


def test_a_few_requests_may_be_sent_ahead_but_not_thousands(impatient: Service) -> None:
    with opened(impatient.url) as connection:
        connection.sendall(head("/v2/health/live", method="GET") * 10)
        answers = b""
        while answers.count(b"HTTP/1.1 200") < 10:
            answers += connection.recv(65536)
    impatient.forget_peak()
    before = impatient.resident_bytes()
    for _ in range(MAX_CONNECTIONS):
        with opened(impatient.url) as connection:
            send_all(connection, [head("/v2/health/live", method="GET") * 5000] * 10)
            assert said(connection).count(b"HTTP/1.1 200") < 100
    assert impatient.resident_bytes("VmHWM") - before < 20 * MIB
    assert impatient.probe("/healthz").status_code == 200


def test_connections_that_send_nothing_make_room_for_those_that_do(service: Service) -> None:
    with contextlib.ExitStack() as stack:
        silent = []
        for _ in range(MAX_CONNECTIONS):
            silent.append(stack.enter_context(opened(service.url)))
            silent[-1].sendall(head("/predict", "Content-Length: 1000"))
        # Whoever fills the public port takes nothing from those who look after the pod.
        for path in ("/healthz", "/readyz", "/metrics"):
            assert service.probe(path).status_code == 200
        for _ in range(MAX_CONNECTIONS):
            # Its connection is kept.
            http = stack.enter_context(client(service.url))
            assert http.post("/predict", content=pictures.plain()).status_code == 200
            [pushed_out], _, _ = select.select(silent, [], [], PATIENCE)
            assert status_and_code(said(pushed_out)) == (429, "QueueFull")
            silent.remove(pushed_out)
            pushed_out.close()


def test_probes_and_metrics_are_answered_beside_a_full_port(service: Service) -> None:
    """And push nobody out of it."""
    with contextlib.ExitStack() as stack:
        silent = [stack.enter_context(opened(service.url)) for _ in range(MAX_CONNECTIONS)]
        for connection in silent:
            connection.sendall(head("/predict", "Content-Length: 1000"))
        for path in ("/healthz", "/readyz", "/metrics") * 3:
            assert service.probe(path).status_code == 200
        pushed_out, _, _ = select.select(silent, [], [], 0)
        assert pushed_out == []


def test_a_client_that_takes_no_answers_is_given_up_and_costs_little(impatient: Service) -> None:
    page = head("/openapi.json", method="GET")
    impatient.forget_peak()
    before = impatient.resident_bytes()
    with contextlib.ExitStack() as stack:
        for _ in range(MAX_CONNECTIONS - 2):
            connection = stack.enter_context(opened(impatient.url, receive_buffer=4096))
            # Asks again and again, and reads nothing, until it is given up.
            connection.setblocking(False)
            deadline = time.monotonic() + PATIENCE
            while time.monotonic() < deadline:
                try:
                    connection.send(page)
                except BlockingIOError:
                    assert impatient.probe("/healthz").status_code == 200
                    time.sleep(0.05)
                except (ConnectionResetError, BrokenPipeError):
                    break
            else:
                raise AssertionError("it still waits")
    assert impatient.resident_bytes("VmHWM") - before < 20 * MIB


def test_who_sends_no_http_does_not_fill_the_log(service: Service) -> None:
    lines = len(service.log)
    for nonsense in [b"\0" * 100, head("/", "Upgrade: websocket", "Connection: upgrade")] * 50:
        with opened(service.url) as connection:
            connection.sendall(nonsense)
            assert connection.recv(65536).startswith(b"HTTP/1.1 4")
    # The access log is bounded; uvicorn's warnings are not.
    told = [json.loads(line) for line in service.log[lines:]]
    assert {line["event"] for line in told} <= {"access"}


def test_an_early_refusal_reaches_the_client_and_closes(
    service: Service, impatient: Service
) -> None:
    size = 40 * MIB
    answer = service.post("/predict", content=bytes(size))
    assert answer.status_code == 413
    with opened(impatient.url) as connection:
        connection.sendall(head("/predict", f"Content-Length: {1000 * MIB}"))
        assert b"413" in connection.recv(65536)
        # Refused, and still sending: it is not listened to for ever.
        assert not send_all(connection, [bytes(MIB)] * 990)
