"""Dataset versions: what reading, reading again and a million objects cost."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from typing import Any

from tests.bench.figures import Figure

SCRIPT = "training-job/bench/versions.py"
SIZES = (1_000, 10_000, 100_000, 1_000_000)


def measure() -> list[Figure]:
    """100,000 small images twice, then growth with reading simulated."""
    first, second = _rows("real", 100_000)
    share = 100 * second["bytesRead"] / first["bytesRead"]
    figures = [
        Figure("100,000 small images, first read", first["seconds"], "s"),
        Figure("100,000 small images, first read: peak memory", first["peakMB"], "MB", "≤ 1500"),
        Figure("the same with 100 new ones", second["seconds"], "s"),
        Figure("bytes read for them, of the first read's", round(share, 2), "%", "≤ 3"),
    ]
    for images in SIZES:
        (row,) = _rows("simulated", images)
        last = images == SIZES[-1]
        what = f"{images:,} objects to a stored version, reading simulated"
        figures += [
            Figure(what, row["seconds"], "s", "≤ 600" if last else ""),
            Figure(f"{what}: peak memory", row["peakMB"], "MB", "≤ 1500" if last else ""),
        ]
    return figures


def _rows(kind: str, images: int) -> Any:
    done = subprocess.run(
        [sys.executable, SCRIPT, kind, str(images)],
        env={**os.environ, "PYTHONPATH": "training-job/src:inference/pictures/src"},
        check=True,
        timeout=3600,
        stdout=subprocess.PIPE,
    )
    return json.loads(done.stdout)
