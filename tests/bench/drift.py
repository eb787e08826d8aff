"""Images that are not what they were: how soon each statistic of the answers tells it, and how
often drift is told where there is none.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.bench.chance import drift_by_chance
from tests.bench.cluster.photos import PHOTOS
from tests.bench.figures import Figure

SCRIPT = Path("training-job/bench/drift.py")
DEFAULT = "all four"
GOAL = "≥ 0.9 at 100"


def measure() -> list[Figure]:
    """Shares of windows of 20, 50 and 100 answers that are above a threshold, at a false alarm rate
    of 1 % a window; without photos at PHOTOS, of the digits alone. And false alarms a year."""
    told: dict[tuple[str, str, str, str], list[dict[str, Any]]] = {}
    for row in _rows():
        key = (row["images"], row["holdout"], row["shift"], row["statistic"])
        told.setdefault(key, []).append(row)
    power = [_figure(*key, rows) for key, rows in told.items()]
    return [*power, *drift_by_chance.measure()]


def _figure(
    images: str, holdout: str, shift: str, statistic: str, rows: list[dict[str, Any]]
) -> Figure:
    what = f"{images}, holdout of {holdout}, {statistic}"
    shares = " / ".join(f"{row['power']:.2f}" for row in rows)
    if shift == "none":
        return Figure(f"{what}: false alarms", shares, "", "0.01")
    accuracy = round(rows[0]["accuracy"], 3)
    goal = GOAL if statistic == DEFAULT else ""
    return Figure(f"{what}: {shift} (accuracy {accuracy})", shares, "", goal)


def _rows() -> Any:
    photos = ["--photos", str(PHOTOS)] if PHOTOS.is_dir() else []
    done = subprocess.run(
        [sys.executable, str(SCRIPT), *photos],
        env={**os.environ, "PYTHONPATH": "training-job/src:inference/pictures/src"},
        check=True,
        timeout=3600,
        stdout=subprocess.PIPE,
    )
    return json.loads(done.stdout)
