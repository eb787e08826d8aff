"""Memory that is given back stays usable."""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np
import pytest
from dandelion_inference.ports.memory import forget_mapped
from fakes.s3 import FakeS3
from given.artifacts import stored
from running.loading import load


def resident(path: Path) -> int:
    """Bytes of a mapped file that this process holds (proc(5), smaps)."""
    lines = iter(Path("/proc/self/smaps").read_text().splitlines())
    return sum(
        int(next(field for field in lines if field.startswith("Rss:")).split()[1]) * 1024
        for line in lines
        if str(path) in line
    )


def test_pages_that_are_only_read_are_dropped_and_come_back(tmp_path: Path) -> None:
    file = tmp_path / "weights"
    content = bytes(range(256)) * 4096
    file.write_bytes(content)
    with file.open("rb") as opened, mmap.mmap(opened.fileno(), 0, prot=mmap.PROT_READ) as mapped:
        file.unlink()
        assert mapped[:] == content
        assert resident(file) >= len(content)
        assert forget_mapped(tmp_path) == len(content)
        assert resident(file) == 0
        assert mapped[:] == content


def test_what_may_be_written_is_left_alone(tmp_path: Path) -> None:
    file = tmp_path / "notes"
    file.write_bytes(bytes(4096))
    with (
        file.open("rb") as opened,
        mmap.mmap(opened.fileno(), 0, access=mmap.ACCESS_COPY) as mapped,
    ):
        mapped[0:4] = b"kept"
        assert forget_mapped(tmp_path) == 0
        assert mapped[0:4] == b"kept"


def test_a_model_answers_alike_without_its_files(s3: FakeS3, tmp_path: Path) -> None:
    model = load(stored(), s3, tmp_path)
    image = np.random.default_rng(0).random((1, 3, 32, 32), dtype=np.float32)
    before = model.probabilities(image, alone=True)
    for path in (tmp_path / "artifact").rglob("*"):
        if path.is_file():
            path.unlink()
    forget_mapped(tmp_path)
    assert model.probabilities(image, alone=False) == pytest.approx(before)
