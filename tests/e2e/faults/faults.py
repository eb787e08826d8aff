"""What a test says to the proxy: which requests, and what becomes of them.

with faults.rules(fail("PUT", "/status$", 409, times=3)):
    world.train("lawn", uri)
    world.until_served("lawn", "1")
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Any

import httpx

Rule = dict[str, Any]

#: Leading is renewed by the second and is no step of a run.
NO_LEASE = r"^(?!.*/leases).*"


def fail(method: str, path: str, status: int, **more: Any) -> Rule:
    """Answered with a status, and never passed on."""
    return {"act": "answer", "method": method, "path": path, "status": status, **more}


def reset(method: str = ".*", path: str = ".*", **more: Any) -> Rule:
    """The connection breaks under the request."""
    return {"act": "reset", "method": method, "path": path, **more}


def lose_answer(method: str = ".*", path: str = ".*", **more: Any) -> Rule:
    """Done by the server, and the connection breaks before the answer is through."""
    return {"act": "reset-after", "method": method, "path": path, **more}


def silence(method: str = ".*", path: str = ".*", **more: Any) -> Rule:
    """Taken, and never answered."""
    return {"act": "silence", "method": method, "path": path, **more}


def drop_events(path: str, kind: str = "", **more: Any) -> Rule:
    """Of the watches that begin from now on, events of a kind (all: empty) do not arrive."""
    return {"act": "drop-events", "path": path, "kind": kind, **more}


def delay_events(path: str, seconds: float, **more: Any) -> Rule:
    """Of the watches that begin from now on, every event comes late."""
    return {"act": "delay-events", "path": path, "seconds": seconds, **more}


def old_list(path: str, **more: Any) -> Rule:
    """What was answered to that read when it was first made."""
    return {"act": "old-list", "method": "GET", "path": path, **more}


@dataclass
class Faults:
    """The running proxy, and a way to kill the operator that talks through it."""

    control: httpx.Client
    kill: Callable[[], None]

    @contextmanager
    def rules(self, *rules: Rule) -> Iterator[None]:
        """These rules while the block runs; none before and after."""
        self._put(list(rules))
        try:
            yield
        finally:
            self._put([])

    def writes(self) -> list[str]:
        """Every write that was seen, in order, as the words that name it."""
        found = self.control.get("/seen").raise_for_status().json()
        return [
            f"{one['server']} {one['method']} {one['path']} {one['content']}".strip()
            for one in found
            if one["write"] and "/leases" not in one["path"]
        ]

    @contextmanager
    def killing(self, moment: str, which: str = ".*", **more: Any) -> Iterator[list[str]]:
        """While the block runs the operator is killed once at each write: `before` it, or `after`.

        Yields the list of the writes at which it was.
        """
        rule = {"act": f"hold-{moment}", "write": True, "path": f"{NO_LEASE}(?:{which})", **more}
        at: list[str] = []
        over = threading.Event()
        killer = threading.Thread(target=self._kill_when_held, args=(at, over), daemon=True)
        with self.rules({"once_each": True} | rule):
            killer.start()
            try:
                yield at
            finally:
                self._put([])
                over.set()
                killer.join(60)

    def _kill_when_held(self, at: list[str], over: threading.Event) -> None:
        while (held := self._claimed()) is not None or not over.is_set():
            if held is None:
                time.sleep(0.05)
                continue
            # What the process has under way beside this one goes down with it, and comes again.
            self.kill()
            at.append(f"{held['server']} {held['method']} {held['path']} {held['content']}")

    def _claimed(self) -> Any:
        return self.control.post("/claim").raise_for_status().json()

    def _put(self, rules: list[Rule]) -> None:
        self.control.put("/rules", json=rules).raise_for_status()
