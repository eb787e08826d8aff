"""Explanations take neither places nor workers from predictions."""

from __future__ import annotations

import http.client
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlsplit

import pictures
from fakes.s3 import FakeS3
from given import artifacts, endless
from given.artifacts import StoredArtifact
from running.logging_service import eventually
from running.service import Service, environment, started

BLACK = pictures.plain((0, 0, 0))


def wanted(s3: FakeS3, home: Path, stored: StoredArtifact, **more: str) -> dict[str, str]:
    s3.objects.update(stored.objects())
    given = {f"DANDELION_{name.upper()}": value for name, value in more.items()}
    return environment(stored, s3.url, home) | given


@contextmanager
def explanations_under_way(
    service: Service, number: int, data: bytes
) -> Iterator[list[http.client.HTTPConnection]]:
    """Clients that want an explanation, and have sent so much."""
    clients = []
    for _ in range(number):
        connection = http.client.HTTPConnection(urlsplit(service.url).netloc, timeout=60)
        connection.putrequest("POST", "/explain")
        connection.putheader("Content-Length", str(len(BLACK)))
        connection.endheaders()
        connection.send(data)
        clients.append(connection)
    # The last one asks for that.
    progress = f"dandelion_requests_in_progress {number + 1}.0"
    eventually(lambda: progress in service.metrics())
    yield clients
    for connection in clients:
        connection.close()


def test_predictions_have_all_their_places_beside_explanations(s3: FakeS3, tmp_path: Path) -> None:
    settings = wanted(s3, tmp_path, artifacts.stored(), queue_limit="1", explanation_limit="4")
    with started(settings) as service:
        service.wait_ready()
        with explanations_under_way(service, 4, BLACK[:10]) as clients:
            for _ in range(20):
                assert service.post("/predict", content=BLACK).status_code == 200
            full = service.post("/explain", content=BLACK)
            assert (full.status_code, full.json()["code"]) == (429, "QueueFull")
            assert full.headers["Retry-After"] == "1"
            assert "4 explanations" in full.json()["detail"]
            for connection in clients:
                connection.send(BLACK[10:])
                assert connection.getresponse().status == 200
        assert service.post("/explain", content=BLACK).status_code == 200


def test_predictions_have_all_their_workers_beside_explanations(s3: FakeS3, tmp_path: Path) -> None:
    settings = wanted(s3, tmp_path, endless.stored(), request_timeout_seconds="2")
    with started(settings) as service:
        service.wait_ready()
        bright = [service.post("/explain", content=pictures.plain()) for _ in range(2)]
        # The first is at it for ever, and has the thread of explanations.
        assert [answer.status_code for answer in bright] == [504, 504]
        answer = service.post("/predict", files=[("file", BLACK)] * 16)
        assert len(answer.json()["predictions"]) == 16
        assert service.post("/explain", content=BLACK).status_code == 504
