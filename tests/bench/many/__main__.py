"""Measures the operator with many resources, into `bench-results/many.json`, `.md` and `.svg`.

Usage: `make bench-operator`, or with SIZES="10 100". Figures of sizes that are not measured again
are kept; nothing here decides whether a figure is good enough.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from pathlib import Path
from typing import Any

from tests.bench.many.measures import Measured, measure
from tests.bench.many.plot import plot

RESULTS = Path("bench-results")
SIZES = (10, 100, 1000, 10000)

# Words, digits after the point, and the goals at 1,000 and at 10,000.
ROWS: dict[str, tuple[str, int, str]] = {
    "settled_after_first": ("all at once: settled, s after the first was applied", 1, ""),
    "settled_after_last": ("… after the last was applied, s", 1, "≤ 20 at 1,000"),
    "arrivals_median": ("20 a second: median, s", 2, ""),
    "arrivals_p95": ("20 a second: 95th percentile, s", 2, "≤ 2"),
    "restart_settled": ("restart: all looked after again, s", 1, "≤ 10 at 1,000"),
    "restart_writes": ("restart: writes", 0, "0"),
    "idle_operator": ("idle: operator, % of a processor", 1, "≤ 2 at 1,000, ≤ 10 at 10,000"),
    "idle_mlflow": ("idle: MLflow, % of a processor", 1, "≤ 2 at 1,000"),
    "idle_reads_a_second": ("idle: reads of the API server a second", 2, "≤ 2 at 1,000"),
    "idle_writes_a_second": ("idle: writes a second", 2, "0"),
    "resident": ("operator, resident, MB", 0, "≤ 300 at 1,000, ≤ 700 at 10,000"),
    "alias_noticed": ("an alias moved: told in the status, s", 1, "≤ 5 at 10,000"),
    "load_before": ("load of the machine before", 1, ""),
}


def main() -> int:
    """Measures what is asked for."""
    parser = argparse.ArgumentParser(prog="make bench-operator", description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, help="numbers of resources")
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / "many.json"
    results: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    for size in parser.parse_args().sizes or SIZES:
        found: Measured = measure(size)
        results[str(size)] = found.as_json() | {
            "measured": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "processors": os.cpu_count(),
        }
        path.write_text(json.dumps(results, indent=2) + "\n")
        (RESULTS / "many.md").write_text(table(results))
        (RESULTS / "many.svg").write_text(growth(results))
    print(table(results))
    return 0


def table(results: dict[str, Any]) -> str:
    """A Markdown table: a row a figure, a column a number of resources."""
    sizes = sorted(results, key=int)
    rows = [
        "| " + " | ".join(["resources", *(f"{int(size):,}" for size in sizes), "goal"]) + " |",
        "| --- |" + " ---: |" * len(sizes) + " --- |",
    ]
    for name, (words, digits, goal) in ROWS.items():
        cells = [f"{results[size][name]:.{digits}f}" for size in sizes]
        rows.append("| " + " | ".join([words, *cells, goal]) + " |")
    return "\n".join(rows) + "\n"


def growth(results: dict[str, Any]) -> str:
    """The plot of what grows with the number of resources."""
    sizes = sorted(results, key=int)
    lines = {
        "all at once, s": "settled_after_first",
        "20 a second, p95, s": "arrivals_p95",
        "restart, s": "restart_settled",
        "operator idle, %": "idle_operator",
        "resident, MB": "resident",
        "alias noticed, s": "alias_noticed",
    }
    return plot(
        "The operator with many resources",
        {
            words: [(float(size), float(results[size][name])) for size in sizes]
            for words, name in lines.items()
        },
    )


if __name__ == "__main__":
    sys.exit(main())
