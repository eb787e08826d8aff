"""The inference service against the bare decode and infer loop, interleaved in one run."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.figures import Figure

SCRIPT = Path("inference/bench/bench_predict.py")


def measure() -> list[Figure]:
    """Throughput of `/predict` over that of the loop without HTTP, ResNet-34 fp32 at 224 pixels."""
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "predict.json"
        subprocess.run([sys.executable, SCRIPT, "--output", output], check=True, timeout=900)
        result = json.loads(output.read_text())
    return [
        Figure(f"/predict over the bare loop, {name}", round(ratio, 3), "", "≥ 0.85")
        for name, ratio in result["ratios"].items()
    ]
