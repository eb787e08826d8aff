"""The limit to compare with: the bare loops of `bare.py`, each in a process of its own.

Called by `comparison.py`.
"""

from __future__ import annotations

import contextlib
import json
import statistics
import subprocess
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import Protocol

from contenders import OURS
from environments import environment
from processes import ServerError

LATENCY = "latency"
FORMS = (LATENCY, "throughput", "overlapped")

# Of the load at one point. The machine's speed changes from second to second by a tenth.
TURNS = 4


class Bare:
    """One of the bare loops, which does nothing until it is asked to."""

    def __init__(self, process: subprocess.Popen[str]) -> None:
        self._process = process
        self.labels: list[str] = json.loads(self._line())
        self.rates: list[float] = []
        self.latencies: list[float] = []

    def rate(self, seconds: float) -> float:
        assert self._process.stdin is not None
        self._process.stdin.write(f"{seconds}\n")
        self._process.stdin.flush()
        result = json.loads(self._line())
        self.rates.append(len(result["latencies"]) / result["seconds"])
        self.latencies += result["latencies"]
        return self.rates[-1]

    def _line(self) -> str:
        assert self._process.stdout is not None
        line = self._process.stdout.readline()
        if not line:
            raise ServerError("the bare loop ended; its error is above")
        return line


@contextlib.contextmanager
def bare_loops(graph: Path) -> Iterator[dict[str, Bare]]:
    python = environment(OURS) / "bin" / "python"
    with contextlib.ExitStack() as stack:
        loops = {}
        for form in FORMS:
            process = stack.enter_context(
                subprocess.Popen(
                    [python, Path(__file__).with_name("bare.py"), graph, form],
                    stdin=subprocess.PIPE,
                    stdout=subprocess.PIPE,
                    text=True,
                )
            )
            stack.callback(process.terminate)
            loops[form] = Bare(process)
        yield loops


def forms(connections: int) -> Sequence[str]:
    """Those that can be a limit: one connection never has two images at once, several always do."""
    return FORMS[:1] if connections == 1 else FORMS[1:]


class Loop(Protocol):
    def rate(self, seconds: float) -> float:
        """Images a second over that time."""
        ...


class Alternation:
    """The load and the limit in short turns: what else the machine does hits both alike."""

    def __init__(self, loops: Mapping[str, Loop], chosen: Sequence[str], seconds: float) -> None:
        """`seconds` are those of each chosen form, in all of its turns together."""
        self._loops = {form: loops[form] for form in chosen}
        self._seconds = seconds / (TURNS + 1)
        self._rates: dict[str, list[float]] = {form: [] for form in chosen}

    def turns(self) -> Iterator[float]:
        """For each turn of the load, its share of the load's seconds."""
        for _ in range(TURNS):
            self._limit()
            yield 1 / TURNS
        self._limit()

    @property
    def limit(self) -> dict[str, float]:
        """Images a second of each form."""
        return {form: statistics.mean(rates) for form, rates in self._rates.items()}

    def _limit(self) -> None:
        for form, loop in self._loops.items():
            self._rates[form].append(loop.rate(self._seconds))
