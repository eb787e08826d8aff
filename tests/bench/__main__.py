"""Runs the measurements and writes `bench-results/figures.json` and `bench-results/figures.md`.

Usage: `make bench`, or `make bench ONLY="reactions memory"` for some of them. Each measurement is a
function that returns its figures; nothing here decides whether a figure is good enough.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
import time
from collections.abc import Callable
from pathlib import Path

from dandelion_local.commands import SetupError
from dandelion_local.progress import say

from tests.bench import drift, search, serving, training
from tests.bench.chance import gate, live_accuracy
from tests.bench.cluster import memory, photos, reactions, setup, sizes
from tests.bench.figures import Figure
from tests.bench.images import decoding, labels, unknown, versions

RESULTS = Path("bench-results")

MEASUREMENTS: dict[str, Callable[[], list[Figure]]] = {
    "sizes": sizes.measure,
    "reactions": reactions.measure,
    "memory": memory.measure,
    "serving": serving.measure,
    "photos": photos.measure,
    "decoding": decoding.measure,
    "training": training.throughput,
    "finetune": training.finetune,
    "labels": labels.measure,
    "unknown": unknown.measure,
    "drift": drift.measure,
    "live-accuracy": live_accuracy.measure,
    "search": search.measure,
    "setup": setup.measure,
    "gate": gate.measure,
    "versions": versions.measure,
}


def main() -> int:
    """Measures what is asked for; earlier figures of the other measurements are kept."""
    parser = argparse.ArgumentParser(prog="make bench", description=__doc__)
    parser.add_argument("only", nargs="*", choices=[*MEASUREMENTS, []], help="default: all")
    names = parser.parse_args().only or list(MEASUREMENTS)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / "figures.json"
    results = json.loads(path.read_text()) if path.exists() else {}
    failed = 0
    for name in names:
        say(f"==> {name}")
        try:
            figures = MEASUREMENTS[name]()
        except (SetupError, AssertionError) as problem:
            say(f"{name}: {problem}")
            failed = 1
            continue
        results[name] = {
            "measured": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "machine": f"{os.cpu_count()} CPUs, {platform.machine()}, {_processor()}",
            "figures": [figure.as_json() for figure in figures],
        }
        path.write_text(json.dumps(results, indent=2) + "\n")
        (RESULTS / "figures.md").write_text(_markdown(results))
    print(_markdown(results))
    return failed


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown processor"


def _markdown(results: dict[str, dict[str, object]]) -> str:
    rows = ["| measurement | figure | value | goal |", "| --- | --- | --- | --- |"]
    for name, result in results.items():
        figures = result["figures"]
        assert isinstance(figures, list)
        rows += [
            f"| {name} | {f['what']} | {f['value']} {f['unit']} | {f['goal']} |" for f in figures
        ]
    return "\n".join(rows) + "\n"


if __name__ == "__main__":
    sys.exit(main())
