"""A refusal that comes while the body is still being sent can be read by the clients people use."""

from __future__ import annotations

import socket
import time
from collections.abc import Iterator
from http.client import parse_headers
from urllib.parse import urlsplit

import pictures
import pytest
from fakes import s3 as fake_s3
from running import refusals
from running.refusals import BODY, EARLY, IMPATIENT, MIB, UNAUTHENTICATED, Early
from running.service import PATIENCE, Service, client
from running.uploaders import UPLOADERS, Uploader

every_client = pytest.mark.parametrize("uploader", UPLOADERS.values(), ids=UPLOADERS)


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with (
        fake_s3.running() as store,
        refusals.refusing(store, tmp_path_factory.mktemp("home")) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def impatient(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with (
        fake_s3.running() as store,
        refusals.refusing(store, tmp_path_factory.mktemp("home"), **IMPATIENT) as running,
    ):
        yield running


@pytest.fixture(scope="module")
def guarded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    with (
        fake_s3.running() as store,
        refusals.asking_for_tokens(store, tmp_path_factory.mktemp("home")) as running,
    ):
        yield running


@every_client
@pytest.mark.parametrize("early", EARLY.values(), ids=EARLY)
def test_an_early_refusal_is_read(service: Service, uploader: Uploader, early: Early) -> None:
    told = uploader(service.url + early.path, early.headers or {}, BODY)
    assert (told.status, told.code) == (early.status, early.code)


@every_client
def test_who_does_not_say_who_it_is_reads_that(guarded: Service, uploader: Uploader) -> None:
    told = uploader(guarded.url + "/predict", {}, BODY)
    assert (told.status, told.code) == (UNAUTHENTICATED.status, UNAUTHENTICATED.code)


@every_client
def test_that_the_service_is_full_is_read(service: Service, uploader: Uploader) -> None:
    body = BODY[: 9 * MIB]
    with refusals.busy(service):
        # Between two pictures there is room; what is sent is none.
        while (told := uploader(service.url + "/predict", {}, body)).status == 400:
            assert told.code == "NotAnImage"
    assert (told.status, told.code) == (429, "QueueFull")


def test_a_connection_is_kept_however_often_it_is_refused(service: Service) -> None:
    with client(service.url) as http:
        for _ in range(8):
            assert http.post("/predict", content=BODY).status_code == 413


def _slowly() -> Iterator[bytes]:
    for _ in range(15):
        yield b"x" * 100
        time.sleep(0.1)


@pytest.mark.parametrize("name", ["requests", "httpx", "http.client", "curl"])
def test_that_it_sends_too_slowly_is_read(impatient: Service, name: str) -> None:
    told = UPLOADERS[name](impatient.url + "/predict", {}, _slowly())
    assert (told.status, told.code) == (408, "UploadTooSlow")


def _heard(service: Service, path: str, size: int, body: bytes = b"") -> tuple[str, bool]:
    """What comes back to a client that asks before it sends, and whether the service then ends the
    connection; the body follows where it is asked for."""
    place = urlsplit(service.url)
    head = f"POST {path} HTTP/1.1\r\nHost: here\r\nContent-Length: {size}\r\n"
    with socket.create_connection((place.hostname, place.port), timeout=PATIENCE) as connection:
        connection.sendall(f"{head}Expect: 100-continue\r\n\r\n".encode())
        with connection.makefile("rb") as incoming:
            heard = incoming.readline()
            if b" 100 " in heard:
                assert incoming.readline() == b"\r\n"
                connection.sendall(body)
                heard += incoming.readline()
            headers = parse_headers(incoming)
            incoming.read(int(headers["Content-Length"]))
            ends = headers.get("Connection") == "close"
            # The client waits, as one does that does not know whether its body is still wanted.
            assert not ends or incoming.read() == b""
    return heard.decode(), ends


@pytest.mark.parametrize(
    ("path", "size", "status"),
    [
        pytest.param("/predict", 11 * MIB, "413 ", id="too large"),
        pytest.param("/nowhere", 100, "404 ", id="nowhere"),
    ],
)
def test_who_asks_first_and_is_refused_is_told_not_to_send(
    service: Service, path: str, size: int, status: str
) -> None:
    heard, ends = _heard(service, path, size)
    assert heard.startswith(f"HTTP/1.1 {status}")
    assert ends


def test_who_asks_first_and_may_send_keeps_the_connection(service: Service) -> None:
    picture = pictures.plain()
    heard, ends = _heard(service, "/predict", len(picture), picture)
    assert heard.splitlines() == ["HTTP/1.1 100 Continue", "HTTP/1.1 200 OK"]
    assert not ends
