"""How much is taken on at once, and what the one too many is told."""

from __future__ import annotations

import http.client
import time
from pathlib import Path
from urllib.parse import urlsplit

import artifacts
import httpx
import pictures
import pytest
from dandelion_inference.errors import Code, RefusedError
from dandelion_inference.intake.admission import Admission
from fake_s3 import FakeS3
from service import environment, started


def test_the_one_request_too_many_is_refused() -> None:
    admission = Admission(max_requests=2, max_bytes=100)
    with admission.admit(10), admission.admit(10):
        with pytest.raises(RefusedError) as refused, admission.admit(10):
            pass
        assert refused.value.code is Code.QUEUE_FULL
        assert refused.value.headers == {"Retry-After": "1"}
    with admission.admit(10):
        pass


def test_bytes_are_bounded_too() -> None:
    admission = Admission(max_requests=100, max_bytes=100)
    with admission.admit(60):
        with pytest.raises(RefusedError), admission.admit(41):
            pass
        with admission.admit(40):
            pass


def test_a_place_is_given_back_when_the_work_fails() -> None:
    admission = Admission(max_requests=1, max_bytes=100)
    for _ in range(3):
        with pytest.raises(ValueError, match="broken"), admission.admit(100):
            raise ValueError("broken")


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
        while "dandelion_requests_in_progress 3.0" not in httpx.get(f"{service.url}/metrics").text:
            time.sleep(0.01)
        full = httpx.post(f"{service.url}/predict", content=data)
        assert full.status_code == 429
        assert full.json()["code"] == "QueueFull"
        assert full.headers["Retry-After"] == "1"
        # Probes and metrics are never turned away.
        assert httpx.get(f"{service.url}/readyz").status_code == 200
        for connection in slow:
            connection.send(data)
            assert connection.getresponse().read()
            connection.close()
        assert httpx.post(f"{service.url}/predict", content=data).status_code == 200


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
