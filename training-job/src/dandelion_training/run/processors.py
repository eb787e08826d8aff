"""How many processors this container may really use, and what arithmetic pays on them.

torch counts the node's processors; with a CPU limit of two on a node of 64 its 64 threads would be
throttled together. `job` and `pipeline` ask once; threads of learning and precision are recorded in
the contract, because the same seed gives the same weights only with the same of both.
"""

import math
import os
from dataclasses import dataclass
from pathlib import Path

import torch

PIXELS_A_THREAD = 2**18
TRANSFERS_A_PROCESSOR = 4
FEWEST_TRANSFERS = 8
MOST_TRANSFERS = 32
CGROUPS = Path("/sys/fs/cgroup")


@dataclass(frozen=True)
class Threads:
    """How many of each kind, by what they wait for."""

    transfers: int  # of files from and to S3: they wait for the network
    decoding: int  # of images, and varying them: they compute, each for itself
    learning: int  # of one step: they compute together, and wait for one another


def threads(processors: int, batch_size: int, image_size: int) -> Threads:
    """The threads that so many processors can employ."""
    return Threads(
        transfers=transfers(processors),
        decoding=processors,
        learning=min(processors, useful_threads(batch_size, image_size)),
    )


def transfers(processors: int) -> int:
    """The transfers at a time that so many processors keep up with."""
    return min(MOST_TRANSFERS, max(FEWEST_TRANSFERS, TRANSFERS_A_PROCESSOR * processors))


def usable_processors(cgroups: Path = CGROUPS, scheduled: int | None = None) -> int:
    """The processors this process may be scheduled on, cut to the container's CPU limit, rounded
    up.
    """
    available = len(os.sched_getaffinity(0)) if scheduled is None else scheduled
    limit = _limit(cgroups)
    return max(1, available if limit is None else min(available, math.ceil(limit)))


def useful_threads(batch_size: int, image_size: int) -> int:
    """How many threads a batch of this size can employ.

    A training step is hundreds of short parallel pieces, and after each the threads wait for one
    another, spinning. On two processors and 64 images of 32 pixels, two threads took as long as one
    where nothing else ran, and fifty times as long beside another busy process.
    """
    return max(1, batch_size * image_size**2 // PIXELS_A_THREAD)


def _limit(cgroups: Path) -> float | None:
    """The quota in processors: cgroup v2's one file, or v1's two. None: no limit, or no cgroups."""
    unified = _words(cgroups / "cpu.max")
    if unified:
        return None if unified[0] == "max" else int(unified[0]) / int(unified[1])
    quota = _words(cgroups / "cpu" / "cpu.cfs_quota_us")
    period = _words(cgroups / "cpu" / "cpu.cfs_period_us")
    if not quota or not period or int(quota[0]) <= 0:
        return None
    return int(quota[0]) / int(period[0])


def _words(path: Path) -> list[str]:
    try:
        return path.read_text(encoding="ascii").split()
    except OSError:
        return []


def device() -> torch.device:
    return torch.device("cuda" if torch.cuda.is_available() else "cpu")


def bf16_pays(where: torch.device) -> bool:
    """Whether the hardware multiplies bf16 itself. Emulated bf16 is slower than fp32.

    Decided by what the processor is and never by a stopwatch, so that the same machine always
    decides the same.
    """
    if where.type == "cuda":
        return bool(torch.cuda.is_bf16_supported(including_emulation=False))
    found = torch.cpu.get_capabilities()
    return any(bool(found.get(name)) for name in ("avx512_bf16", "amx_bf16", "bf16"))
