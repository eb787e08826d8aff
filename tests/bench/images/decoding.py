"""What a pixel of each format takes to read, in memory and time, beside what is counted for it."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.bench.figures import Figure

PICTURES = Path("inference/pictures")
MEASURED = PICTURES / "tests/measured.py"
SIZE = (4096, 3072)


def measure() -> list[Figure]:
    """Bytes resident at the peak, and nanoseconds of one processor; no cluster is needed."""
    done = subprocess.run(
        [sys.executable, str(MEASURED), *map(str, SIZE)],
        env={
            **os.environ,
            "PYTHONPATH": f"{PICTURES}/src:{PICTURES}/tests",
            "MALLOC_MMAP_THRESHOLD_": "65536",
        },
        check=True,
        timeout=1800,
        stdout=subprocess.PIPE,
    )
    return [_figure(json.loads(line)) for line in done.stdout.splitlines()]


def _figure(found: dict[str, Any]) -> Figure:
    pixels = found["pixels"]
    memory, counted = found["memory"] / pixels, found["counted memory"] / pixels
    time, work = found["seconds"] * 1e9 / pixels, found["counted work"] / pixels
    return Figure(
        f"{found['kind']}: a pixel, counted",
        f"{memory:.1f}, {counted:.1f} bytes; {time:.1f}, {work:.1f} ns",
    )
