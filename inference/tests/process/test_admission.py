"""What is told to the one request too many, and to a body that never comes."""

from __future__ import annotations

import http.client
import time
from pathlib import Path
from urllib.parse import urlsplit

import pictures
from fakes.s3 import FakeS3
from given import artifacts
from running.service import environment, started


def test_a_full_service_says_when_to_come_back_and_has_room_again_later(
    s3: FakeS3, tmp_path: Path
) -> None:
    stored = artifacts.stored()
    s3.objects.update(stored.objects())
    wanted = environment(stored, s3.url, tmp_path) | {"DANDELION_QUEUE_LIMIT": "2"}
    data = pictures.plain()
    with started(wanted) as service:
        service.wait_ready()
        slow = []
        for _ in range(2):
            connection = http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=60)
            connection.putrequest("POST", "/predict")
            connection.putheader("Content-Length", str(len(data)))
            connection.endheaders()
            slow.append(connection)
        while "dandelion_requests_in_progress 2.0" not in service.metrics():
            time.sleep(0.01)
        full = service.post("/predict", content=data)
        assert full.status_code == 429
        assert full.json()["code"] == "QueueFull"
        assert full.headers["Retry-After"] == "1"
        # Probes and metrics are never turned away.
        assert service.probe("/readyz").status_code == 200
        for connection in slow:
            connection.send(data)
            assert connection.getresponse().read()
            connection.close()
        assert service.post("/predict", content=data).status_code == 200


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


def test_what_is_only_declared_takes_nothing_from_the_others(s3: FakeS3, tmp_path: Path) -> None:
    stored = artifacts.stored()
    s3.objects.update(stored.objects())
    with started(environment(stored, s3.url, tmp_path)) as service:
        service.wait_ready()
        silent = []
        for name, value in [("Content-Length", str(32 * 1024 * 1024))] * 4 + [
            ("Transfer-Encoding", "chunked")
        ] * 4:
            connection = http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=60)
            connection.putrequest("POST", "/predict")
            connection.putheader(name, value)
            connection.endheaders()
            silent.append(connection)
        while "dandelion_requests_in_progress 8.0" not in service.metrics():
            time.sleep(0.01)
        assert service.post("/predict", content=pictures.plain()).status_code == 200
        for connection in silent:
            connection.close()


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
