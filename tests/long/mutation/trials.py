"""Tries mutants against tests that are collected once, each in a forked child of its own.

A child gets one function's changed code and runs the tests until the first fails: those first that
noticed another change of that module, then the quick ones of the rooms named as the function's. The
first child gets no change; its times make the order.
"""

from __future__ import annotations

import importlib
import json
import os
import resource
import signal
from collections.abc import Callable, Sequence
from pathlib import Path
from types import FunctionType

import pytest

from tests.long.mutation.mutants import Mutant

QUICK = 0.1  # seconds of a test
# Seconds of a processor that a child may take, as a multiple of what the unchanged code takes: an
# endless loop is noticed too, and a busy machine notices nothing that is not there.
PATIENCE = 5


class Trials:
    """A plugin of pytest in the place of its loop; calls `survived` with each that no test noticed.

    Raises AssertionError where the tests fail without any change.
    """

    def __init__(
        self, tried: Sequence[Mutant], at_once: int, survived: Callable[[Mutant], None]
    ) -> None:
        self._waiting, self._at_once, self._survived = list(tried), at_once, survived
        self._took: dict[str, float] = {}
        self._noticed: dict[str, set[str]] = {}  # by module, which tests noticed a change
        self._limit = 600
        self._told = -1  # a child's end of the pipe to its parent

    def pytest_configure(self, config: pytest.Config) -> None:
        reporter = config.pluginmanager.getplugin("terminalreporter")
        if reporter is not None:
            config.pluginmanager.unregister(reporter)

    def pytest_runtestloop(self, session: pytest.Session) -> bool:
        if session.testsfailed:
            raise AssertionError("the unit tests can't be collected")
        self._time(session.items)
        running: dict[int, tuple[Mutant, int]] = {}
        while self._waiting or running:
            while self._waiting and len(running) < self._at_once:
                mutant = self._waiting.pop(0)
                reading, writing = os.pipe()
                pid = self._child(self._ordered(session.items, mutant), mutant, writing)
                os.close(writing)
                running[pid] = mutant, reading
            pid, status = os.wait()
            if pid in running:
                mutant, reading = running.pop(pid)
                with os.fdopen(reading, "rb") as pipe:
                    noticed = pipe.read().decode()
                if os.waitstatus_to_exitcode(status) == 0:
                    self._survived(mutant)
                elif noticed:
                    self._noticed.setdefault(mutant.module, set()).add(noticed)
        return True

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        """Only children get here; one failure is enough for them."""
        if report.failed:
            os.write(self._told, report.nodeid.encode())
            os._exit(1)
        self._took[report.nodeid] = self._took.get(report.nodeid, 0.0) + report.duration

    def _time(self, items: Sequence[pytest.Item]) -> None:
        reading, writing = os.pipe()
        before = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime
        pid = self._child(items, None, writing)
        os.close(writing)
        with os.fdopen(reading, "rb") as pipe:
            written = pipe.read()
        _, status = os.waitpid(pid, 0)
        assert os.waitstatus_to_exitcode(status) == 0, "the unit tests fail without any change"
        self._took = json.loads(written)
        took = resource.getrusage(resource.RUSAGE_CHILDREN).ru_utime - before
        self._limit = round(PATIENCE * took) + 1

    def _ordered(self, items: Sequence[pytest.Item], mutant: Mutant) -> list[pytest.Item]:
        rooms = mutant.module.split(".")

        noticed = self._noticed.get(mutant.module, set())

        def place(item: pytest.Item) -> tuple[bool, bool, int, float]:
            took = self._took[item.nodeid]
            shared = len(set(rooms) & set(Path(item.nodeid.partition("::")[0]).parts))
            return item.nodeid not in noticed, took > QUICK, -shared, took

        return sorted(items, key=place)

    def _child(self, items: Sequence[pytest.Item], mutant: Mutant | None, told: int) -> int:
        """The child's process id; it ends with 0 where every test passed."""
        pid = os.fork()
        if pid:
            return pid
        try:
            null = os.open(os.devnull, os.O_WRONLY)
            os.dup2(null, 1)
            os.dup2(null, 2)
            resource.setrlimit(resource.RLIMIT_CPU, (self._limit, self._limit))
            signal.signal(signal.SIGXCPU, signal.SIG_DFL)
            self._told = told
            if mutant is not None:
                _function(mutant).__code__ = mutant.code
            for item, following in zip(items, [*items[1:], None], strict=True):
                item.config.hook.pytest_runtest_protocol(item=item, nextitem=following)
            if mutant is None:
                with os.fdopen(told, "wb") as pipe:
                    pipe.write(json.dumps(self._took).encode())
            os._exit(0)
        finally:
            os._exit(1)


def _function(mutant: Mutant) -> FunctionType:
    found: object = importlib.import_module(mutant.module)
    for name in mutant.function.split("."):
        found = vars(found)[name] if isinstance(found, type) else getattr(found, name)
    if isinstance(found, property) and found.fget is not None:
        found = found.fget
    found = getattr(found, "__func__", found)
    assert isinstance(found, FunctionType), mutant.name
    return found
