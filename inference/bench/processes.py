"""Starts a server with all of its processes, watches what they use, and ends every one of them.

Called by `comparison.py`.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import signal
import socket
import subprocess
import time
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

PR_SET_CHILD_SUBREAPER = 36
END_SECONDS = 20.0
PREPARATION_SECONDS = 900.0


class ServerError(Exception):
    """A server that cannot be prepared or started, with the end of what was written."""


def adopt_orphans() -> None:
    """Processes whose parent ends become children of this one, which can find and end them."""
    ctypes.CDLL(None, use_errno=True).prctl(PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0)


def free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def run(command: Sequence[str], **options: Any) -> None:
    """Runs a step of preparation; raises ServerError with the end of what it wrote."""
    result = subprocess.run(
        command,
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=PREPARATION_SECONDS,
        **options,
    )
    if result.returncode:
        raise _failure(f"{Path(command[0]).name} ended with {result.returncode}", result.stdout)


@dataclass(frozen=True)
class Usage:
    """Of all processes of a server. Resident counts a shared page in each that shares it,
    proportional in equal parts."""

    processes: int
    resident_bytes: int
    proportional_bytes: int
    processor_seconds: float


class Server:
    def __init__(
        self, command: Sequence[str | Path], environment: Mapping[str, str], folder: Path
    ) -> None:
        self._log = folder / "log"
        self._others = _children(os.getpid())
        self.started = time.perf_counter()
        with self._log.open("wb") as log:
            self._process = subprocess.Popen(
                [str(part) for part in command],
                env={**_clean_environment(folder), **environment},
                cwd=folder,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=subprocess.STDOUT,
                start_new_session=True,
            )

    def check(self) -> None:
        """Raises ServerError where the server has ended."""
        if self._process.poll() is not None:
            raise self.error(f"it ended with {self._process.returncode}")

    def error(self, what: str) -> ServerError:
        return _failure(what, self._log.read_text(errors="replace"))

    def usage(self) -> Usage:
        resident = proportional = 0
        seconds = 0.0
        pids = self._pids()
        for pid in pids:
            with contextlib.suppress(OSError, ValueError, StopIteration):
                memory = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()
                resident += _kilobytes(memory, "Rss:")
                proportional += _kilobytes(memory, "Pss:")
                # proc(5): utime, stime, and those of children that have ended.
                fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
                seconds += sum(map(int, fields[11:15])) / os.sysconf("SC_CLK_TCK")
        return Usage(len(pids), resident, proportional, seconds)

    def stop(self) -> None:
        deadline = time.monotonic() + END_SECONDS
        with contextlib.suppress(subprocess.TimeoutExpired):
            self._process.terminate()
            self._process.wait(END_SECONDS)
        for pid in self._pids():
            _signal(pid, signal.SIGTERM)
        while pids := self._pids():
            if time.monotonic() > deadline:
                for pid in pids:
                    _signal(pid, signal.SIGKILL)
            self._process.poll()
            for pid in pids:
                # Those that were adopted wait for their parent, this process, to take note.
                with contextlib.suppress(ChildProcessError):
                    os.waitpid(pid, os.WNOHANG)
            time.sleep(0.05)

    def _pids(self) -> list[int]:
        """The server's process, those below it, and those that were orphaned since it started."""
        found: list[int] = []
        waiting = [pid for pid in _children(os.getpid()) if pid not in self._others]
        while waiting:
            pid = waiting.pop()
            if pid == self._process.pid and self._process.returncode is not None:
                continue
            found.append(pid)
            waiting += _children(pid)
        return found


def _failure(what: str, text: str) -> ServerError:
    return ServerError("\n    ".join([what, *text.splitlines()[-15:]]))


def _clean_environment(home: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    # A home of its own, so that no server finds or leaves anything in the user's.
    return {**kept, "HOME": str(home), "TMPDIR": str(home), "DO_NOT_TRACK": "1"}


def _children(pid: int) -> list[int]:
    children: list[int] = []
    with contextlib.suppress(OSError):
        for task in Path(f"/proc/{pid}/task").iterdir():
            children += map(int, (task / "children").read_text().split())
    return children


def _kilobytes(lines: list[str], name: str) -> int:
    line = next(line for line in lines if line.startswith(name))
    return int(line.split()[1]) * 1024


def _signal(pid: int, number: int) -> None:
    with contextlib.suppress(ProcessLookupError):
        os.kill(pid, number)
