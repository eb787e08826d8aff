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
        while "dandelion_requests_in_progress 3.0" not in service.get("/metrics").text:
            time.sleep(0.01)
        full = service.post("/predict", content=data)
        assert full.status_code == 429
        assert full.json()["code"] == "QueueFull"
        assert full.headers["Retry-After"] == "1"
        # Probes and metrics are never turned away.
        assert service.get("/readyz").status_code == 200
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
