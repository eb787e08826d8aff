"""How much memory there is, and that what is given back stays usable."""

from __future__ import annotations

import mmap
from pathlib import Path

import numpy as np
import pytest
from dandelion_inference.ports.memory import forget_mapped, limit_bytes
from fakes.s3 import FakeS3
from given.artifacts import stored
from running.loading import load

GIB = 2**30
CGROUP = "sys/fs/cgroup"
V2 = "0::/kubepods/pod1\n"

LIMITS: dict[str, tuple[dict[str, str], int]] = {
    "no limit: the machine's": ({f"{CGROUP}/memory.max": "max\n"}, 8 * GIB),
    "no control groups at all": ({}, 8 * GIB),
    "v2 of the container": ({f"{CGROUP}/memory.max": f"{GIB}\n"}, GIB),
    "v2 of this process's own group": (
        {"proc/self/cgroup": V2, f"{CGROUP}/kubepods/pod1/memory.max": f"{2 * GIB}\n"},
        2 * GIB,
    ),
    "v2 of a parent binds too": (
        {
            "proc/self/cgroup": V2,
            f"{CGROUP}/kubepods/memory.max": f"{GIB}\n",
            f"{CGROUP}/kubepods/pod1/memory.max": "max\n",
        },
        GIB,
    ),
    "v1": ({f"{CGROUP}/memory/memory.limit_in_bytes": f"{GIB}\n"}, GIB),
    "v1 of this process's own group": (
        {
            "proc/self/cgroup": "4:memory:/pod1\n0::/\n",
            f"{CGROUP}/memory/pod1/memory.limit_in_bytes": f"{GIB}\n",
        },
        GIB,
    ),
    "v1 without a limit": (
        {f"{CGROUP}/memory/memory.limit_in_bytes": "9223372036854771712\n"},
        8 * GIB,
    ),
}


@pytest.mark.parametrize("case", LIMITS)
def test_the_tightest_limit_counts(case: str, tmp_path: Path) -> None:
    files, expected = LIMITS[case]
    machine = {"proc/meminfo": "MemTotal:  8388608 kB\nMemFree:  12 kB\n"}
    for name, text in (machine | files).items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert limit_bytes(tmp_path) == expected


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
