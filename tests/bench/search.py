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
    """Of trials in full on the digits, in many random orders: the time with each rule."""
    return [figure for row in _rows() for figure in _figures(row)]


def _figures(row: dict[str, Any]) -> list[Figure]:
    what = (
        f"search of {row['trials']} trials of {row['epochs']} epochs, {row['atATime']} at a time,"
        f" starting from {row['start']}, {row['rule']}"
    )
    return [
        Figure(
            f"{what}: learnt, of the time of all in full", round(100 * row["share"], 1), "%", "≤ 40"
        ),
        Figure(
            f"{what}: accuracy of the best trial that is lost, mean / one time in 20",
            f"{row['lost']:.4f} / {row['lostRarely']:.4f}",
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
