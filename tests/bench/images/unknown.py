"""Images that are none of the classes: how well each score tells them from those that are."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.bench.cluster.photos import PHOTOS
from tests.bench.figures import Figure

SCRIPT = Path("training-job/bench/unknown.py")


def measure() -> list[Figure]:
    """AUROC, and the share that a threshold which keeps 95 % catches; without photos at PHOTOS, of
    the digits alone."""
    return [figure for row in _rows() for figure in _figures(row)]


def _figures(row: dict[str, Any]) -> list[Figure]:
    what = f"{row['images']}, {row['score']}"
    found = [
        Figure(
            f"{what}: AUROC / caught of {kind} images",
            f"{row[f'{kind}Auroc']:.3f} / {row[f'{kind}Caught']:.2f}",
        )
        for kind in ("near", "far")
        if f"{kind}Auroc" in row
    ]
    return [*found, Figure(f"{what}: kept of new images of the classes", round(row["kept"], 3))]


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
