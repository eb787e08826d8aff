"""The number of threads follows the container's CPU limit."""

from __future__ import annotations

from pathlib import Path

import pytest
from dandelion_inference.ports.cpu import usable_cpus

V1 = "4:memory:/pod\n3:cpu,cpuacct:/kubepods/pod1\n0::/\n"
V2 = "0::/kubepods/pod1\n"
CGROUP = "sys/fs/cgroup"

CASES: dict[str, tuple[dict[str, str], int, int]] = {
    "no cgroup files: all processors": ({}, 8, 8),
    "v2 without a limit: all processors": ({f"{CGROUP}/cpu.max": "max 100000\n"}, 8, 8),
    "v2 limit of two": ({f"{CGROUP}/cpu.max": "200000 100000\n"}, 8, 2),
    "v2 limit of one and a half rounds up": ({f"{CGROUP}/cpu.max": "150000 100000\n"}, 8, 2),
    "v2 limit of a tenth is still one": ({f"{CGROUP}/cpu.max": "10000 100000\n"}, 8, 1),
    "v2 limit above the processors": ({f"{CGROUP}/cpu.max": "1600000 100000\n"}, 4, 4),
    "v2 limit of this process's own group": (
        {"proc/self/cgroup": V2, f"{CGROUP}/kubepods/pod1/cpu.max": "300000 100000\n"},
        8,
        3,
    ),
    "v2 limit of a parent binds too": (
        {
            "proc/self/cgroup": V2,
            f"{CGROUP}/kubepods/cpu.max": "200000 100000\n",
            f"{CGROUP}/kubepods/pod1/cpu.max": "max 100000\n",
        },
        8,
        2,
    ),
    "v1 without a limit": (
        {f"{CGROUP}/cpu/cpu.cfs_quota_us": "-1\n", f"{CGROUP}/cpu/cpu.cfs_period_us": "100000\n"},
        8,
        8,
    ),
    "v1 limit of two": (
        {
            f"{CGROUP}/cpu/cpu.cfs_quota_us": "200000\n",
            f"{CGROUP}/cpu/cpu.cfs_period_us": "100000\n",
        },
        8,
        2,
    ),
    "v1 limit where both controllers share a mount": (
        {
            "proc/self/cgroup": V1,
            f"{CGROUP}/cpu,cpuacct/kubepods/pod1/cpu.cfs_quota_us": "300000\n",
            f"{CGROUP}/cpu,cpuacct/kubepods/pod1/cpu.cfs_period_us": "100000\n",
        },
        8,
        3,
    ),
    "a period of zero is no limit": ({f"{CGROUP}/cpu.max": "100000 0\n"}, 8, 8),
}


@pytest.mark.parametrize("case", CASES)
def test_usable_cpus(case: str, tmp_path: Path) -> None:
    files, available, expected = CASES[case]
    for name, text in files.items():
        path = tmp_path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text)
    assert usable_cpus(tmp_path, available) == expected
