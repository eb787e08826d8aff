"""The inference service against the bare decode and infer loop, interleaved in one run."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from pathlib import Path

from tests.bench.figures import Figure

SCRIPT = Path("inference/bench/comparison.py")
PRECISIONS = ("int8", "fp32")


def measure() -> list[Figure]:
    """Throughput of `/predict` over that of the loop without HTTP, ResNet-34 at 224 pixels.

    `make bench-serving` measures the peers too, and takes longer.
    """
    return [figure for precision in PRECISIONS for figure in _figures(precision)]


def _figures(precision: str) -> list[Figure]:
    with tempfile.TemporaryDirectory() as folder:
        command = [sys.executable, str(SCRIPT), "limit", "dandelion", "--precision", precision]
        subprocess.run([*command, "--output", folder], check=True, timeout=900)
        result = json.loads((Path(folder) / f"serving-{precision}.json").read_text())
    service = result["servers"]["dandelion"]
    return [
        *(
            Figure(f"{precision}, {count} connections, of the bare loop", share, "", "≥ 0.97")
            for count, point in service["points"].items()
            for share in [point["shareOfLimit"]]
        ),
        Figure(f"{precision}, start to first answer", service["startSeconds"], "s", "≤ 1.5"),
        Figure(
            f"{precision}, resident after load",
            service["residentMegabytes"]["afterLoad"],
            "MB",
            "≤ 220",
        ),
        Figure(f"{precision}, errors", sum(service["errors"].values()), "", "0"),
    ]
