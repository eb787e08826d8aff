"""What hangs, hangs alone: its client is told so, others are answered, and a pod ends in time with
all of its log written."""

from __future__ import annotations

import os
import signal
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
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


@contextmanager
def with_a_decoder(s3: FakeS3, home: Path) -> Iterator[tuple[Service, int]]:
    """With the shortest deadline within which this machine starts one and has it decode."""
    wanted = environment(s3, home, artifacts.stored())
    for seconds in ("2", "5", "12"):
        with started(wanted | {"DANDELION_REQUEST_TIMEOUT_SECONDS": seconds}) as service:
            service.wait_ready()
            answer = service.post("/predict", content=LARGE)
            if answer.status_code == 200:
                [decoder] = service.decoders()
                yield service, decoder
                return
            assert answer.status_code == 504
    raise AssertionError("no decoder is quick enough")


def answered(service: Service, content: bytes = LARGE) -> None:
    """Sooner or later: the machine may be busy just now."""

    def is_answered() -> bool:
        code = service.post("/predict", content=content).status_code
        assert code in (200, 504)
        return code == 200

    eventually(is_answered)


def test_a_decoder_that_hangs_is_ended_at_the_deadline(s3: FakeS3, tmp_path: Path) -> None:
    with with_a_decoder(s3, tmp_path) as (service, decoder):
        os.kill(decoder, signal.SIGSTOP)
        answer = service.post("/predict", content=LARGE)
        assert (answer.status_code, answer.json()["code"]) == (504, "DeadlineExceeded")
        eventually(lambda: gone(decoder))
        # The next picture gets a new one.
        answered(service)
        assert decoder not in service.decoders()


def test_a_decoder_that_hangs_keeps_no_pod_from_ending(s3: FakeS3, tmp_path: Path) -> None:
    with with_a_decoder(s3, tmp_path) as (service, decoder), ThreadPoolExecutor(1) as client:
        os.kill(decoder, signal.SIGSTOP)
        waiting = client.submit(service.post, "/predict", content=LARGE)
        eventually(lambda: waiting.done() or "requests_in_progress 1.0" in service.metrics())
        service.terminate()
        assert service.wait() == 0
        assert gone(decoder)
        assert waiting.result().status_code == 504
    assert len(rows(s3, "predictions")) == 1


def test_a_network_that_hangs_keeps_no_pod_from_ending(s3: FakeS3, tmp_path: Path) -> None:
    with started(environment(s3, tmp_path, endless.stored())) as service:
        service.wait_ready()
        for _ in range(3):
            answered(service, BLACK)
        assert service.post("/predict", content=pictures.plain()).status_code == 504
        assert service.post("/explain", content=pictures.plain()).status_code == 504
        answered(service, BLACK)
        service.terminate()
        assert service.wait() == 0
    assert len(rows(s3, "predictions")) == 4


@pytest.mark.parametrize("number", [signal.SIGKILL, signal.SIGTERM])
def test_no_decoder_outlives_its_service(s3: FakeS3, tmp_path: Path, number: int) -> None:
    with with_a_decoder(s3, tmp_path) as (service, decoder):
        service.process.send_signal(number)
        service.wait()
        eventually(lambda: gone(decoder))
