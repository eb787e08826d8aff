"""Explanations take neither places nor workers from predictions."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pictures
from fakes.s3 import FakeS3
from given import endless, uploads
from running.logging_service import eventually
from running.service import Service, environment, started

BLACK = pictures.plain((0, 0, 0))
BRIGHT = pictures.plain((255, 255, 255))


def in_progress(service: Service, number: int) -> bool:
    return f"dandelion_requests_in_progress {number}.0" in service.metrics()


@contextmanager
def explanations(service: Service, number: int) -> Iterator[None]:
    """Clients that wait for as many explanations, which never come."""
    clients = []
    for _ in range(number):
        connection = http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=60)
        clients.append(connection)
        connection.request("POST", "/explain", body=BRIGHT)
    eventually(lambda: in_progress(service, number))
    try:
        yield
    finally:
        for connection in clients:
            connection.close()


def test_predictions_notice_nothing_of_explanations(s3: FakeS3, tmp_path: Path) -> None:
    stored = endless.stored()
    s3.objects.update(stored.objects())
    wanted = environment(stored, s3.url, tmp_path) | {
        "DANDELION_QUEUE_LIMIT": "1",
        "DANDELION_EXPLANATION_LIMIT": "4",
    }
    with started(wanted) as service:
        service.wait_ready()
        with explanations(service, 4):
            full = service.post("/explain", content=BLACK)
            assert (full.status_code, full.json()["code"]) == (429, "QueueFull")
            assert full.headers["Retry-After"] == "1"
            assert "4 explanations are being answered" in full.json()["detail"]
            # One place for predictions, and all the workers.
            for _ in range(4):
                answer = service.post("/predict", files=uploads.form(*[BLACK] * 8))
                assert answer.status_code == 200
                assert len(answer.json()["predictions"]) == 8
        # Who has gone holds no place.
        eventually(lambda: in_progress(service, 0))
