"""How many processors this container may really use.

A thread per processor of the host makes a container with a CPU limit slower, not faster: the limit
stops all of them for the rest of the period. Called by `__main__`; reads cgroup v2 and v1.
"""

from __future__ import annotations

import math
import os
from pathlib import Path

from dandelion_inference.ports.cgroups import groups, text

# Images under way at once for each processor: while one is in the network, another is decoded,
# copied or waits for the interpreter. With one each, processors would stand idle meanwhile.
WORKERS_PER_PROCESSOR = 2


def workers(processors: int) -> int:
    """How many images are worked on at once."""
    return processors * WORKERS_PER_PROCESSOR


def usable_cpus(root: Path = Path("/"), available: int | None = None) -> int:
    """The CPU limit rounded up, at most the processors this process may be scheduled on."""
    processors = available if available is not None else len(os.sched_getaffinity(0))
    limit = _limit(root)
    if limit is None:
        return max(1, processors)
    return max(1, min(processors, math.ceil(limit)))


def _limit(root: Path) -> float | None:
    """The tightest limit from this process's group up to the top: a parent's limit binds too."""
    limits = [
        limit
        for group in groups(root, "cpu")
        for limit in (_v2(group / "cpu.max"), _v1(group))
        if limit is not None
    ]
    return min(limits, default=None)


def _v2(path: Path) -> float | None:
    quota, _, period = text(path).strip().partition(" ")
    return _ratio(quota, period)


def _v1(group: Path) -> float | None:
    return _ratio(
        text(group / "cpu.cfs_quota_us").strip(), text(group / "cpu.cfs_period_us").strip()
    )


def _ratio(quota: str, period: str) -> float | None:
    # "max" (v2) and "-1" (v1) both mean that there is no limit here.
    if not quota.isdigit() or not period.isdigit() or int(period) == 0:
        return None
    return int(quota) / int(period)
