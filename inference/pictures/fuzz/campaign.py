"""Lets the fuzzer run for a time, starting it anew where a decoder took the process with it.

Usage: `make fuzz-pictures SECONDS=3600`. Prints how many files were tried and what was found; what
was found is kept in `fuzz-results/`, one file each, and ends the command with an error.
"""

from __future__ import annotations

import re
import subprocess
import sys
import time
from pathlib import Path

TARGET = Path(__file__).parent / "target.py"
EXECUTED = re.compile(r"stat::number_of_executed_units:\s*(\d+)")
REACHED = re.compile(r"cov: (\d+) ft: (\d+) corp: (\d+)")
LONGEST_FILE = 65_536
SECONDS_A_FILE = 60
MEBIBYTES = 2048
LOG = "libfuzzer.log"
# Where a crash takes the statistics with it, the last line that libFuzzer wrote has the number.
PULSE = re.compile(r"^#(\d+)\s", re.MULTILINE)


def main(seconds: float, corpus: Path, results: Path) -> int:
    results.mkdir(parents=True, exist_ok=True)
    before = {*results.iterdir(), results / LOG}
    started = time.monotonic()
    executed, reached, restarts = 0, "", -1
    while (left := seconds - (time.monotonic() - started)) > 1:
        restarts += 1
        said = _run(left, corpus, results)
        counts = EXECUTED.findall(said) or PULSE.findall(said) or ["0"]
        executed += int(counts[-1])
        print(f"{executed} files so far", flush=True)
        reached = " ".join(REACHED.findall(said)[-1:][0]) if REACHED.search(said) else reached
        if counts == ["0"]:
            print(said[-5000:], file=sys.stderr)
            return 1
    found = sorted(set(results.iterdir()) - before)
    took = time.monotonic() - started
    print(f"{executed} files in {took:.0f} s, started anew {restarts} times")
    print(f"edges, features, files kept: {reached}")
    print(f"{len(found)} findings in {results}")
    for path in found:
        print(f"  {path.name}")
    return 1 if found else 0


def _run(seconds: float, corpus: Path, results: Path) -> str:
    command = [
        *(sys.executable, str(TARGET), str(corpus)),
        f"-max_total_time={int(seconds)}",
        f"-artifact_prefix={results}/",
        f"-max_len={LONGEST_FILE}",
        f"-timeout={SECONDS_A_FILE}",
        f"-rss_limit_mb={MEBIBYTES}",
        "-print_final_stats=1",
        "-reduce_inputs=0",
    ]
    log = results / LOG
    with log.open("w") as file:
        subprocess.run(command, stdout=file, stderr=subprocess.STDOUT, check=False)
    return log.read_text(errors="replace")


if __name__ == "__main__":
    sys.exit(main(float(sys.argv[1]), Path(sys.argv[2]), Path(sys.argv[3])))
