"""What is told to the one request too many, and to a body that never comes."""

from __future__ import annotations

import contextlib
import http.client
import os
import select
import signal
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor, as_completed
from itertools import islice
from pathlib import Path
from urllib.parse import urlsplit

import pictures
import pytest
from fakes.s3 import FakeS3
from given import artifacts
from running.connections import head, opened
from running.service import PATIENCE, Service, environment, ready, started

MIB = 1024 * 1024


@pytest.fixture(scope="module")
def service(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Service]:
    # Nobody's time is up while these tests run.
    patience = dict.fromkeys(
        ("DANDELION_UPLOAD_SECONDS", "DANDELION_UPLOAD_WINDOW_SECONDS"), "3600"
    )
    with ready(tmp_path_factory.mktemp("home"), **patience) as running:
        yield running


def test_a_full_service_says_when_to_come_back_and_has_room_again_later(
    s3: FakeS3, tmp_path: Path
) -> None:
    stored = artifacts.stored()
    s3.objects.update(stored.objects())
    wanted = environment(stored, s3.url, tmp_path) | {
        "DANDELION_QUEUE_LIMIT": "1",
        "DANDELION_REQUEST_TIMEOUT_SECONDS": "600",
    }
    large = pictures.plain(size=(4000, 3000))
    with started(wanted) as service:
        service.wait_ready()
        assert service.post("/predict", content=large).status_code == 200
        [decoder] = service.decoders()
        with ThreadPoolExecutor(8) as pool:
            # However fast the machine is, one of them takes longer than the others to be refused.
            os.kill(decoder, signal.SIGSTOP)
            asked = [pool.submit(service.post, "/predict", content=large) for _ in range(8)]
            refused = [each.result() for each in islice(as_completed(asked), 7)]
            # Probes and metrics are never turned away.
            assert service.probe("/readyz").status_code == 200
            os.kill(decoder, signal.SIGCONT)
            answers = [each.result() for each in asked]
        assert sorted(answer.status_code for answer in answers) == [200, *[429] * 7]
        for answer in refused:
            assert answer.json()["code"] == "QueueFull"
            assert answer.headers["Retry-After"] == "1"
        assert service.post("/predict", content=large).status_code == 200


def test_a_body_that_never_comes_is_given_up(s3: FakeS3, tmp_path: Path) -> None:
    stored = artifacts.stored()
    s3.objects.update(stored.objects())
    wanted = environment(stored, s3.url, tmp_path) | {"DANDELION_UPLOAD_SECONDS": "0.2"}
    with started(wanted) as service:
        service.wait_ready()
        connection = http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=60)
        connection.putrequest("POST", "/predict")
        connection.putheader("Content-Length", "1000")
        connection.endheaders()
        response = connection.getresponse()
        assert response.status == 408
        assert b"UploadTooSlow" in response.read()
        connection.close()


@pytest.mark.parametrize("how", ["Content-Length: 33554432", "Transfer-Encoding: chunked"])
@pytest.mark.parametrize("number", [64, 200, 1100])
def test_bodies_that_are_only_announced_take_nothing_from_the_others(
    service: Service, number: int, how: str
) -> None:
    before = service.resident_bytes()
    with contextlib.ExitStack() as stack:
        for _ in range(number):
            stack.enter_context(opened(service.url)).sendall(head("/predict", how))
        # More than there are connections: some have made room.
        expected = min(number, 1024)
        while _in_progress(service) < expected - 10:
            time.sleep(0.01)
        for _ in range(5):
            assert service.post("/predict", content=pictures.plain()).status_code == 200
        assert service.resident_bytes() - before < 64 * MIB


def _in_progress(service: Service) -> float:
    text = service.metrics()
    [line] = [one for one in text.splitlines() if one.startswith("dandelion_requests_in_progress")]
    return float(line.split()[1])


def test_bodies_that_stop_midway_make_room_for_those_that_arrive(service: Service) -> None:
    size = 32 * MIB
    with contextlib.ExitStack() as stack:
        stopped = [stack.enter_context(opened(service.url)) for _ in range(4)]
        for connection in stopped:
            connection.sendall(head("/predict", f"Content-Length: {size}"))
            connection.sendall(bytes(size - 1))
        # Nobody stays in the room who has stopped for a second or two.
        picture = pictures.encoded(pictures.noise((1000, 1000)))
        while (answer := service.post("/predict", content=picture)).status_code == 429:
            time.sleep(0.1)
        assert answer.status_code == 200
        told, _, _ = select.select(stopped, [], [], PATIENCE)
        assert b"QueueFull" in told[0].recv(65536)


def test_a_body_that_trickles_is_given_up_long_before_its_last_moment(
    s3: FakeS3, tmp_path: Path
) -> None:
    stored = artifacts.stored()
    s3.objects.update(stored.objects())
    wanted = environment(stored, s3.url, tmp_path) | {
        "DANDELION_UPLOAD_SECONDS": "3600",
        "DANDELION_UPLOAD_WINDOW_SECONDS": "0.3",
    }
    with started(wanted) as service:
        service.wait_ready()
        connection = http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=60)
        connection.putrequest("POST", "/predict")
        connection.putheader("Content-Length", "100000")
        connection.endheaders()
        for _ in range(5):
            connection.send(b"x")
            time.sleep(0.02)
        response = connection.getresponse()
        assert response.status == 408
        assert b"UploadTooSlow" in response.read()
        connection.close()
