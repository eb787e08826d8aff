"""Politeness: how many requests a host gets at a time, how far apart, and when it is left alone.

A pause that one answer asks for holds for all requests to its host, and a host that does not answer
costs a few attempts and not one for each of its addresses.
"""

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field

from dandelion_training.ports.web.errors import Fault

AT_ONCE = 4
APART = 0.1  # seconds between the beginnings of two requests
SILENCES = 6  # in a row, after which a host is given up


@dataclass
class _Host:
    places: threading.Semaphore
    not_before: float = 0.0
    silences: int = 0
    given_up: str = ""


@dataclass
class Hosts:
    """What is known of each host; safe to use from several threads."""

    clock: Callable[[], float]
    sleep: Callable[[float], None]
    at_once: int = AT_ONCE
    apart: float = APART
    _hosts: dict[str, _Host] = field(default_factory=dict)
    _lock: threading.Lock = field(default_factory=threading.Lock)

    @contextmanager
    def turn(self, name: str) -> Iterator[None]:
        """Wait for a place; raises Fault where the host was given up."""
        host = self._host(name)
        with host.places:
            while (wait := self._wait(host)) > 0:
                self.sleep(wait)
            yield

    def answered(self, name: str) -> None:
        self._host(name).silences = 0

    def silent(self, name: str) -> None:
        host = self._host(name)
        with self._lock:
            host.silences += 1
            if host.silences >= SILENCES:
                host.given_up = "its host does not answer and was given up"

    def rest(self, name: str, seconds: float) -> None:
        """No request before so many seconds have passed."""
        host = self._host(name)
        with self._lock:
            host.not_before = max(host.not_before, self.clock() + seconds)

    def give_up(self, name: str, why: str) -> None:
        self._host(name).given_up = why

    def _wait(self, host: _Host) -> float:
        """The seconds to wait; none, and the turn is taken."""
        with self._lock:
            if host.given_up:
                raise Fault(host.given_up)
            now = self.clock()
            if now < host.not_before:
                return host.not_before - now
            host.not_before = now + self.apart
            return 0.0

    def _host(self, name: str) -> _Host:
        with self._lock:
            if name not in self._hosts:
                self._hosts[name] = _Host(threading.Semaphore(self.at_once))
            return self._hosts[name]
