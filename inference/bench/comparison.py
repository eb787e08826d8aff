"""`make bench-serving`: the limit, this service and its peers, taking turns in one run.

    python inference/bench/comparison.py [NAME ...] --rounds 3 --seconds 4 --output FOLDER

In every round each server is started anew, timed until its first right answer, asked over 1, 8 and
32 connections, then at half of what it managed, and ended; only one server runs at a time. The
limit, the bare loop of `bare.py`, and each load take short turns, so that whatever else the machine
does hits both alike: the shares of the limit are medians of such rounds.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import statistics
import subprocess
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from client import Load, Question, closed_loop, open_loop, post
from contenders import CONTENDERS, LIMIT, Contender, Launch, chosen
from environments import cache, size
from graphs import FP32, INT8, graphs
from limit import LATENCY, Alternation, Bare, bare_loops, forms
from null_server import ANSWER
from photos import photos
from processes import Server, ServerError, Usage, adopt_orphans, free_ports
from report import write_report

CONNECTIONS = (1, 8, 32)
START_SECONDS = 120.0
WARM_UP_SECONDS = 1.0


@dataclass
class Measured:
    """What was seen of one contender in all rounds."""

    install_bytes: int = 0
    start_seconds: list[float] = field(default_factory=list)
    resident_bytes: list[int] = field(default_factory=list)
    usages: list[Usage] = field(default_factory=list)
    loads: dict[int, list[Load]] = field(default_factory=dict)
    limits: dict[int, list[dict[str, float]]] = field(default_factory=dict)
    half: list[Load] = field(default_factory=list)
    half_rates: list[float] = field(default_factory=list)
    processor_seconds: dict[int, list[float]] = field(default_factory=dict)
    failure: str = ""


class Comparison:
    def __init__(self, bare: dict[str, Bare], connections: Sequence[int], seconds: float) -> None:
        self._bare = bare
        self._connections = connections
        self._seconds = seconds
        self._photos = photos()

    def measure(self, launch: Launch, measured: Measured) -> None:
        """One round of one contender; raises ServerError."""
        contender = launch.contender
        questions = [
            Question(contender.request(picture), label.encode() if contender.exact else b"class-")
            for picture, label in zip(self._photos, self._bare[LATENCY].labels, strict=True)
        ]
        command, variables, port = launch.command()
        server = Server(command, variables, launch.folder)
        try:
            measured.start_seconds.append(_until_answer(server, port, questions[0]))
            measured.resident_bytes.append(server.usage().resident_bytes)
            closed_loop(port, questions, 8, WARM_UP_SECONDS)
            for count in self._connections:
                self._load(server, port, questions, count, measured)
            best = max(measured.loads[count][-1].rate for count in self._connections)
            measured.half_rates.append(best / 2)
            if best:
                measured.half.append(open_loop(port, questions, best / 2, self._seconds))
            measured.usages.append(server.usage())
        finally:
            server.stop()

    def _load(
        self, server: Server, port: int, questions: list[Question], count: int, measured: Measured
    ) -> None:
        load, used = Load(), 0.0
        alternation = Alternation(self._bare, forms(count), self._seconds / 2)
        for share in alternation.turns():
            before = server.usage().processor_seconds
            load += closed_loop(port, questions, count, self._seconds * share)
            used += server.usage().processor_seconds - before
            server.check()
        measured.limits.setdefault(count, []).append(alternation.limit)
        measured.loads.setdefault(count, []).append(load)
        if load.latencies:
            per_image = used / len(load.latencies)
            measured.processor_seconds.setdefault(count, []).append(per_image)


def _until_answer(server: Server, port: int, question: Question) -> float:
    while True:
        load = closed_loop(port, [question], 1, 0.001)
        if load.latencies:
            return time.perf_counter() - server.started
        server.check()
        if time.perf_counter() > server.started + START_SECONDS:
            raise server.error(f"no answer after {START_SECONDS:g} s: {dict(load.errors)}")


def client_cost(seconds: float, scratch: Path) -> dict[str, float]:
    """What the client costs, in milliseconds of processor a request, with nothing behind it."""
    [port] = free_ports(1)
    server = Server(
        [sys.executable, Path(__file__).with_name("null_server.py"), str(port)], {}, scratch
    )
    try:
        questions = [Question(post("/", "image/jpeg", photo), ANSWER) for photo in photos()]
        _until_answer(server, port, questions[0])
        load = closed_loop(port, questions, 1, seconds)
    finally:
        server.stop()
    return {
        "processorMilliseconds": round(load.client_seconds / len(load.latencies) * 1000, 3),
        "roundTripMilliseconds": round(statistics.median(load.latencies) * 1000, 3),
    }


def compare(only: Sequence[str], precision: str, rounds: int, options: argparse.Namespace) -> Any:
    adopt_orphans()
    home = graphs(cache())
    graph = home / (INT8 if precision == "int8" else FP32)
    with contextlib.ExitStack() as stack:
        scratch = Path(stack.enter_context(tempfile.TemporaryDirectory(prefix="serving-")))
        launches, results = [], {}
        for contender in chosen(only):
            results[contender.name] = Measured()
            with _told(contender, results[contender.name]):
                launches.append(Launch(contender, home, precision, scratch))
                results[contender.name].install_bytes = size(launches[-1].environment)
        bare = stack.enter_context(bare_loops(graph))
        for loop in bare.values():
            loop.rate(WARM_UP_SECONDS)
            loop.rates.clear()
            loop.latencies.clear()
        comparison = Comparison(bare, options.connections, options.seconds)
        cost = client_cost(options.seconds, scratch)
        for turn in range(rounds):
            for loop in bare.values():
                loop.rate(options.seconds)
            # Who goes first changes, so that nobody always follows the same neighbour.
            for offset in range(len(launches)):
                launch = launches[(turn + offset) % len(launches)]
                name = launch.contender.name
                if results[name].failure:
                    continue
                print(f"==> round {turn + 1} of {rounds}: {name}", flush=True)
                with _told(launch.contender, results[name]):
                    comparison.measure(launch, results[name])
        form = max(forms(max(CONNECTIONS)), key=lambda form: statistics.median(bare[form].rates))
        return {
            "model": f"ResNet-34 at 224 px, {precision}",
            "measured": time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime()),
            "machine": f"{len(os.sched_getaffinity(0))} CPUs, {_processor()}",
            "rounds": rounds,
            "secondsPerPoint": options.seconds,
            "connections": list(options.connections),
            "client": cost,
            LIMIT: {
                form: {"imagesPerSecond": _middle(loop.rates), **_latencies(loop.latencies)}
                for form, loop in bare.items()
            },
            "servers": {name: _summary(measured, form) for name, measured in results.items()},
        }


@contextlib.contextmanager
def _told(contender: Contender, measured: Measured) -> Iterator[None]:
    """A contender that cannot be measured is told of, and the others go on."""
    try:
        yield
    except (ServerError, subprocess.SubprocessError, OSError) as error:
        measured.failure = f"{type(error).__name__}: {error}"
        print(f"{contender.name}: {measured.failure}", file=sys.stderr, flush=True)


def _summary(measured: Measured, best: str) -> dict[str, Any]:
    """`best` is the form of the bare loop that is the limit where there may be several images."""
    errors: Counter[str] = Counter()
    for load in [*(load for loads in measured.loads.values() for load in loads), *measured.half]:
        errors += load.errors
    summary: dict[str, Any] = {
        "failure": measured.failure,
        "installMegabytes": round(measured.install_bytes / 1e6, 1),
        "errors": dict(errors),
        "points": {},
    }
    if not measured.usages:
        return summary
    for count, loads in measured.loads.items():
        limits = [limit[best if count > 1 else LATENCY] for limit in measured.limits[count]]
        shares = [load.rate / limit for load, limit in zip(loads, limits, strict=True)]
        summary["points"][count] = {
            "imagesPerSecond": _middle([load.rate for load in loads]),
            "shareOfLimit": _middle(shares, 3),
            "sharesOfLimit": [round(share, 3) for share in shares],
            "limit": _middle(limits),
            "processorMillisecondsPerImage": _middle(
                [seconds * 1000 for seconds in measured.processor_seconds.get(count, [])], 1
            ),
            **_latencies([latency for load in loads for latency in load.latencies]),
        }
    last = measured.usages[-1]
    return summary | {
        "startSeconds": _middle(measured.start_seconds),
        "residentMegabytes": {
            "started": _middle([value / 1e6 for value in measured.resident_bytes], 1),
            "afterLoad": _middle([use.resident_bytes / 1e6 for use in measured.usages], 1),
            "proportional": round(last.proportional_bytes / 1e6, 1),
        },
        "processes": last.processes,
        "halfLoad": {
            "imagesPerSecond": _middle(measured.half_rates),
            **_latencies([latency for load in measured.half for latency in load.latencies]),
        },
    }


def _middle(values: Sequence[float], digits: int = 2) -> float:
    return round(statistics.median(values), digits) if values else 0.0


def _latencies(seconds: Sequence[float]) -> dict[str, float]:
    if len(seconds) < 2:
        return {}
    hundredths = statistics.quantiles(seconds, n=100, method="inclusive")
    return {
        "p50Milliseconds": round(hundredths[49] * 1000, 1),
        "p99Milliseconds": round(hundredths[98] * 1000, 1),
    }


def _processor() -> str:
    for line in Path("/proc/cpuinfo").read_text().splitlines():
        if line.startswith("model name"):
            return line.partition(":")[2].strip()
    return "unknown processor"


def main() -> int:
    parser = argparse.ArgumentParser(prog="make bench-serving", description=__doc__)
    names = [LIMIT, *dict.fromkeys(item.peer for item in CONTENDERS)]
    known = [*names, *(item.name for item in CONTENDERS)]
    parser.add_argument("only", nargs="*", help=f"of: {', '.join(names)}; default: all")
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--seconds", type=float, default=4.0, help="of load at each point")
    parser.add_argument("--connections", type=int, nargs="+", default=list(CONNECTIONS))
    parser.add_argument("--precision", choices=["int8", "fp32"], default="int8")
    parser.add_argument("--output", type=Path, default=Path("bench-results"))
    options = parser.parse_args()
    if unknown := [name for name in options.only if name not in known]:
        parser.error(f"no such server: {', '.join(unknown)}; there are: {', '.join(names)}")
    result = compare(options.only, options.precision, options.rounds, options)
    print(write_report(result, options.output, f"serving-{options.precision}"))
    return int(any(server["failure"] for server in result["servers"].values()))


if __name__ == "__main__":
    sys.exit(main())
