"""A search for settings: what giving trials up saves, and what it costs."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.bench.figures import Figure

SCRIPT = Path("training-job/bench/search.py")


def measure() -> list[Figure]:
    """Of the digits with ResNet-18: the same trials with pruning and in full."""
    return [figure for row in _rows() for figure in _figures(row)]


def _figures(row: dict[str, Any]) -> list[Figure]:
    what = f"search of {row['trials']} trials of {row['epochs']} epochs"
    share = 100 * row["seconds"] / row["secondsInFull"]
    return [
        Figure(f"{what}: time of all trials in full", round(row["secondsInFull"]), "s"),
        Figure(f"{what}: time with pruning", round(row["seconds"]), "s"),
        Figure(f"{what}: of the time in full", round(share, 1), "%", "≤ 40"),
        Figure(f"{what}: trials given up", row["pruned"]),
        Figure(
            f"{what}: best accuracy with pruning / in full / of what the spec says",
            f"{row['best']:.3f} / {row['bestInFull']:.3f} / {row['first']:.3f}",
        ),
    ]


def _rows() -> Any:
    done = subprocess.run(
        [sys.executable, str(SCRIPT)],
        env={**os.environ, "PYTHONPATH": "training-job/src:inference/pictures/src"},
        check=True,
        timeout=3600,
        stdout=subprocess.PIPE,
    )
    return json.loads(done.stdout)
