"""Measures the operator with many resources, into `bench-results/many.json`, `.md` and a plot each.

Usage: `make bench-operator`, or with SIZES="10 100" and SCENARIO=suspended or serving. Figures of
sizes that are not measured again are kept; nothing here decides whether a figure is good enough.
"""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import time
from pathlib import Path
from typing import Any

from tests.bench.many.measures import measure
from tests.bench.many.scenarios import SCENARIOS
from tests.bench.many.tables import growth, report

RESULTS = Path("bench-results")
SIZES = (10, 100, 1000, 10000)


def main() -> int:
    """Measures what is asked for."""
    parser = argparse.ArgumentParser(prog="make bench-operator", description=__doc__)
    parser.add_argument("sizes", nargs="*", type=int, help="numbers of resources")
    parser.add_argument("--scenario", choices=SCENARIOS, help="only that one")
    asked = parser.parse_args()
    for ending in (signal.SIGINT, signal.SIGTERM):  # and its processes with it
        signal.signal(ending, lambda number, _: sys.exit(128 + number))
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / "many.json"
    results: dict[str, Any] = json.loads(path.read_text()) if path.exists() else {}
    for name in [asked.scenario] if asked.scenario else SCENARIOS:
        for size in asked.sizes or SIZES:
            found = measure(SCENARIOS[name], size)
            results.setdefault(name, {})[str(size)] = found.as_json() | {
                "measured": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
                "processors": os.cpu_count(),
            }
            path.write_text(json.dumps(results, indent=2) + "\n")
            (RESULTS / "many.md").write_text(report(results))
            (RESULTS / f"many-{name}.svg").write_text(growth(SCENARIOS[name], results[name]))
    print(report(results))
    return 0


if __name__ == "__main__":
    sys.exit(main())
