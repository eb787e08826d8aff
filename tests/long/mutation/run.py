"""Tries every mutant against the operator's unit tests, each in a process of its own.

The tests are imported once; a child gets one function's changed code and runs them until the first
fails. `python -m tests.long.mutation.run [PART OF A NAME]` prints the survivors.
"""

from __future__ import annotations

import importlib
import os
import signal
import sys
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from types import FunctionType

import pytest

from tests.long.mutation.mutants import Mutant, mutants

OPERATOR = Path(__file__).resolve().parents[3] / "operator"
SOURCES = OPERATOR / "src"
CORE = ("loop/decide", "loop/report", "loop/pace.py", "seen")
TESTS = ("tests/loop", "tests/api")
SECONDS = 120
#: Those that change no decision, each with the reason.
EQUIVALENT = Path(__file__).with_name("equivalent.txt")


def core() -> list[Mutant]:
    """Every mutant of the modules that decide and tell."""
    package = SOURCES / "dandelion_operator"
    found: list[Mutant] = []
    for part in CORE:
        path = package / part
        for file in [path] if path.is_file() else sorted(path.rglob("*.py")):
            found += mutants(SOURCES, file)
    return found


def equivalent() -> set[str]:
    """The names of the mutants that are known to change nothing."""
    lines = EQUIVALENT.read_text().splitlines() if EQUIVALENT.exists() else []
    return {line for line in lines if line and not line.startswith("#")}


def survivors(tried: Sequence[Mutant], at_once: int) -> Iterator[Mutant]:
    """Those that no test notices. Works in `operator/`, where its tests expect to be."""
    os.chdir(OPERATOR)
    _import_tests()
    running: dict[int, tuple[Mutant, float]] = {}
    waiting = list(tried)
    while waiting or running:
        while waiting and len(running) < at_once:
            mutant = waiting.pop(0)
            running[_try(mutant)] = mutant, time.monotonic() + SECONDS
        pid, status = os.waitpid(-1, os.WNOHANG)
        if pid in running:
            mutant, _ = running.pop(pid)
            if os.waitstatus_to_exitcode(status) == 0:
                yield mutant
            continue
        for late in [pid for pid, (_, over) in running.items() if time.monotonic() > over]:
            os.kill(late, signal.SIGKILL)  # an endless loop is noticed too
        time.sleep(0.02)


def _import_tests() -> None:
    code = pytest.main(["-q", "--collect-only", "-p", "no:cacheprovider", *TESTS], [_Silent()])
    assert code == 0, "the unit tests can't be collected"


class _Silent:
    def pytest_configure(self, config: pytest.Config) -> None:
        reporter = config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            config.pluginmanager.unregister(reporter)


def _try(mutant: Mutant) -> int:
    """The child's process id; it ends with 0 where every test passed."""
    pid = os.fork()
    if pid:
        return pid
    code = 1
    try:
        null = os.open(os.devnull, os.O_WRONLY)
        os.dup2(null, 1)
        os.dup2(null, 2)
        _function(mutant).__code__ = mutant.code
        code = int(pytest.main(["-x", "-q", "-p", "no:cacheprovider", *TESTS], [_Silent()]))
    finally:
        os._exit(code)


def _function(mutant: Mutant) -> FunctionType:
    found: object = importlib.import_module(mutant.module)
    for name in mutant.function.split("."):
        found = vars(found)[name] if isinstance(found, type) else getattr(found, name)
    if isinstance(found, property) and found.fget is not None:
        found = found.fget
    found = getattr(found, "__func__", found)
    assert isinstance(found, FunctionType), mutant.name
    return found


def main(wanted: str = "") -> int:
    """Prints the survivors; 1 where there is one that is not known to be equivalent."""
    known = equivalent()
    tried = [mutant for mutant in core() if wanted in mutant.name]
    tried = [mutant for mutant in tried if mutant.name not in known]
    print(f"{len(tried)} mutants", flush=True)
    left = 0
    for mutant in survivors(tried, at_once=os.cpu_count() or 1):
        left += 1
        print(f"line {mutant.line}: {mutant.name}", flush=True)
    print(f"{left} survive")
    return int(left > 0)


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:2]))
