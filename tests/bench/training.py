"""Training: its speed beside a loop in memory, and what learnt weights are worth."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from tests.bench.figures import Figure

SCRIPTS = Path("training-job/bench")


def throughput() -> list[Figure]:
    """Images a second of ResNet-18, over those of the arithmetic alone."""
    return [
        figure
        for row in _printed("throughput.py")
        for what in [
            f"ResNet-18 at {row['side']} pixels, {row['augmentation']}, {row['precision']}"
        ]
        for figure in (
            Figure(f"{what}: training", round(row["training"]), "images/s"),
            Figure(f"{what}: of the loop in memory", round(row["ratio"], 3), "", "≥ 0.95"),
        )
    ]


def finetune() -> list[Figure]:
    """Accuracy on the digits 5 to 9, from random weights and from those learnt on 0 to 4."""
    result = _printed("finetune.py")
    return [
        Figure(
            f"digits 5 to 9 from {row['imagesPerClass']} images a class, "
            f"{result['epochs']} epochs, {start} start",
            round(row[start], 3),
        )
        for row in result["rows"]
        for start in ("random", "learnt")
    ]


def _printed(script: str) -> Any:
    done = subprocess.run(
        [sys.executable, str(SCRIPTS / script)],
        env={**os.environ, "PYTHONPATH": "training-job/src:inference/pictures/src"},
        check=True,
        timeout=3600,
        stdout=subprocess.PIPE,
    )
    return json.loads(done.stdout)
