"""What a process costs, as the kernel tells it: processor time and resident memory of it and its
children.
"""

from __future__ import annotations

import os
import signal
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

STOP_SECONDS = 30
TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Running:
    """A process; one that leads a group of its own stands for all of it."""

    process: subprocess.Popen[bytes]
    log: Path

    @property
    def members(self) -> list[int]:
        """The process and all that it started, by their group."""
        found = [self.process.pid]
        for entry in Path("/proc").iterdir():
            if not entry.name.isdigit() or int(entry.name) == self.process.pid:
                continue
            try:
                if os.getpgid(int(entry.name)) == self.process.pid:
                    found.append(int(entry.name))
            except ProcessLookupError:
                continue
        return found

    @property
    def cpu_seconds(self) -> float:
        return sum(_cpu_seconds(pid) for pid in self.members)

    @property
    def resident_megabytes(self) -> float:
        """10⁶ bytes."""
        return sum(_resident_bytes(pid) for pid in self.members) / 1e6

    def check(self) -> None:
        if self.process.poll() is not None:
            raise AssertionError(f"{self.log.name} ended:\n{self.log.read_text()[-3000:]}")


def _cpu_seconds(pid: int) -> float:
    try:
        fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:
        return 0.0
    return (int(fields[11]) + int(fields[12])) / TICKS


def _resident_bytes(pid: int) -> int:
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return sum(int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS:"))


@contextmanager
def started(
    arguments: Sequence[str | Path], log: Path, env: Mapping[str, str]
) -> Iterator[Running]:
    with log.open("wb") as output:
        process = subprocess.Popen(
            [str(item) for item in arguments],
            stdout=output,
            stderr=subprocess.STDOUT,
            cwd=log.parent,
            env={"PATH": os.environ["PATH"], "HOME": str(log.parent), **env},
            start_new_session=True,
        )
    try:
        yield Running(process, log)
    finally:
        _end(process)


def _end(process: subprocess.Popen[bytes]) -> None:
    for sent in (signal.SIGTERM, signal.SIGKILL):
        try:
            os.killpg(process.pid, sent)
        except ProcessLookupError:
            return
        deadline = time.monotonic() + STOP_SECONDS
        while time.monotonic() < deadline:
            if process.poll() is not None:
                break
            time.sleep(0.05)
