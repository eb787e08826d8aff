"""How long the set-up takes once everything is built: the node alone, and the whole demo."""

from __future__ import annotations

import subprocess
import time

from tests.bench.figures import Figure


def measure() -> list[Figure]:
    """Ends the local cluster, starts it anew, and runs the demo twice."""
    _timed("make", "down")
    node = _timed("make", "cluster")
    first = _timed("make", "demo")
    again = _timed("make", "demo")
    return [
        Figure("cluster up, everything built", round(node, 1), "s", "≤ 10"),
        Figure("demo on that new cluster, everything built", round(first), "s", "≤ 360"),
        Figure("demo once more", round(again), "s", "≤ 240"),
    ]


def _timed(*command: str) -> float:
    began = time.monotonic()
    subprocess.run(command, check=True, timeout=1800)
    return time.monotonic() - began
