"""What the service takes with its decoders stays within the memory that its container has."""

from __future__ import annotations

import re
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pictures
import pytest
from dandelion_inference.answer.decoding.decoders import bytes_of
from dandelion_inference.answer.decoding.images import Images, LargeImage
from dandelion_inference.answer.decoding.shares import UNTOUCHED, Container, small_images
from dandelion_inference.ports.cpu import usable_cpus, workers
from dandelion_pictures import Preprocessing, Reader
from fakes.s3 import FakeS3
from given import artifacts, uploads
from PIL import Image
from running.service import Service, children, environment, started

MIB = 1024 * 1024
PREPROCESSING = Preprocessing(36, 32, 1 / 255, (0, 0, 0), (1, 1, 1))


def four_megapixels() -> bytes:
    """A WebP of some kilobytes."""
    data = pictures.encoded(Image.new("RGB", (2000, 2000), pictures.RED), "WEBP", lossless=True)
    assert len(data) < 10_000
    return data


def taken_for(data: bytes) -> int:
    """What decoding it takes, the decoder included."""
    opened = Images(Reader(), reserve=0).opened(data, PREPROCESSING)
    assert isinstance(opened, LargeImage)
    return bytes_of(opened)


def wanted(s3: FakeS3, home: Path, memory: int) -> dict[str, str]:
    stored = artifacts.stored()
    s3.objects.update(stored.objects())
    return environment(stored, s3.url, home) | {
        "DANDELION_MAX_UPLOAD_BYTES": str(MIB),
        "DANDELION_MEMORY_BYTES": str(memory),
        "MALLOC_ARENA_MAX": "2",  # as in the image
    }


def together(service: Service) -> int:
    """What all its processes hold, what they share counted once (proc(5), smaps_rollup)."""
    taken = 0
    for pid in [service.process.pid, *children(service.process.pid)]:
        try:
            rollup = Path(f"/proc/{pid}/smaps_rollup").read_text()
        except OSError:
            continue  # it has ended meanwhile
        found = re.search(r"^Pss: +(\d+) kB", rollup, re.MULTILINE)
        taken += int(found[1]) * 1024 if found else 0
    return taken


class Peak:
    def __init__(self) -> None:
        self.bytes = 0


@contextmanager
def watched(service: Service) -> Iterator[Peak]:
    peak, end = Peak(), threading.Event()

    def watch() -> None:
        while not end.wait(0.002):
            peak.bytes = max(peak.bytes, together(service))

    watching = threading.Thread(target=watch)
    watching.start()
    try:
        yield peak
    finally:
        end.set()
        watching.join()


def memory_that_leaves(s3: FakeS3, home: Path, size: int) -> int:
    """A limit of the container with which there are so many bytes for large images."""
    little = 256 * MIB
    home.mkdir()
    with started(wanted(s3, home, little)) as service:
        service.wait_ready()
        refused = service.post("/predict", content=four_megapixels())
        assert (refused.status_code, refused.json()["code"]) == (422, "TooManyPixels")
        assert "limits.memory" in refused.json()["detail"]
        container = Container(
            limit=little,
            resident=service.resident_bytes(),
            uploads=5 * MIB,
            log=0,
            small_images=small_images(workers(usable_cpus()) + 1),
        )
    return int((size - container.left) / (1 - UNTOUCHED)) + little


@pytest.mark.parametrize("at_once", [1, 2])
def test_sixteen_pictures_of_four_megapixels_take_what_there_is_for_them(
    s3: FakeS3, tmp_path: Path, at_once: int
) -> None:
    data = four_megapixels()
    each = taken_for(data)
    memory = memory_that_leaves(s3, tmp_path / "first", at_once * each + each // 2)
    with started(wanted(s3, tmp_path, memory)) as service:
        service.wait_ready()
        small = uploads.form(*[pictures.plain()] * 16)
        assert service.post("/predict", files=small).status_code == 200
        before = together(service)
        with watched(service) as peak:
            answer = service.post("/predict", files=uploads.form(*[data] * 16))
        assert [found["label"] for found in answer.json()["predictions"]] == ["red"] * 16
        assert peak.bytes < memory
        assert peak.bytes - before < min(at_once, usable_cpus()) * each + 16 * MIB
