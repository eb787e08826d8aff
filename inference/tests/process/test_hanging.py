"""What hangs, hangs alone: its client is told so, others are answered, and a pod ends in time with
all of its log written."""

from __future__ import annotations

import os
import signal
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pictures
import pytest
from fakes.s3 import FakeS3
from given import artifacts, endless
from given.artifacts import StoredArtifact
from PIL import Image
from running.logging_service import eventually, logging_environment, rows
from running.service import Service, started

BLACK = pictures.plain((0, 0, 0))
LARGE = pictures.encoded(Image.new("RGB", (4000, 3000)), compress_level=1)


def environment(s3: FakeS3, home: Path, stored: StoredArtifact) -> dict[str, str]:
    return logging_environment(s3, home, artifact=stored) | {
        "DANDELION_LOG_FLUSH_SECONDS": "3600",
        "DANDELION_REQUEST_TIMEOUT_SECONDS": "2",
    }


def gone(pid: int) -> bool:
    return not Path(f"/proc/{pid}").exists()


def with_a_stopped_decoder(service: Service) -> int:
    assert service.post("/predict", content=LARGE).status_code == 200
    [decoder] = service.decoders()
    os.kill(decoder, signal.SIGSTOP)
    return decoder


def test_a_decoder_that_hangs_is_ended_at_the_deadline(s3: FakeS3, tmp_path: Path) -> None:
    with started(environment(s3, tmp_path, artifacts.stored())) as service:
        service.wait_ready()
        decoder = with_a_stopped_decoder(service)
        answer = service.post("/predict", content=LARGE)
        assert (answer.status_code, answer.json()["code"]) == (504, "DeadlineExceeded")
        eventually(lambda: gone(decoder))
        # The next picture gets a new one.
        assert service.post("/predict", content=LARGE).status_code == 200
        assert decoder not in service.decoders()


def test_a_decoder_that_hangs_keeps_no_pod_from_ending(s3: FakeS3, tmp_path: Path) -> None:
    with (
        started(environment(s3, tmp_path, artifacts.stored())) as service,
        ThreadPoolExecutor(1) as client,
    ):
        service.wait_ready()
        decoder = with_a_stopped_decoder(service)
        waiting = client.submit(service.post, "/predict", content=LARGE)
        eventually(lambda: "requests_in_progress 1.0" in service.metrics())
        service.terminate()
        assert service.wait() == 0
        assert gone(decoder)
        assert waiting.result().status_code == 504
    assert len(rows(s3, "predictions")) == 1


def test_a_network_that_hangs_keeps_no_pod_from_ending(s3: FakeS3, tmp_path: Path) -> None:
    with started(environment(s3, tmp_path, endless.stored())) as service:
        service.wait_ready()
        for _ in range(3):
            assert service.post("/predict", content=BLACK).status_code == 200
        assert service.post("/predict", content=pictures.plain()).status_code == 504
        assert service.post("/explain", content=pictures.plain()).status_code == 504
        assert service.post("/predict", content=BLACK).status_code == 200
        service.terminate()
        assert service.wait() == 0
    assert len(rows(s3, "predictions")) == 4


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_no_decoder_outlives_its_service(s3: FakeS3, tmp_path: Path, number: int) -> None:
    with started(environment(s3, tmp_path, artifacts.stored())) as service:
        service.wait_ready()
        with_a_decoder = service.post("/predict", content=LARGE)
        assert with_a_decoder.status_code == 200
        [decoder] = service.decoders()
        service.process.send_signal(number)
        service.wait()
        eventually(lambda: gone(decoder))
