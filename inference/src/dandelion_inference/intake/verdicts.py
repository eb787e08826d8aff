"""What the API server said and for how long that holds, and how often it may be asked.

Called by `auth.py`, on the event loop.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

Action = Literal["predict", "feedback"]

# A withdrawn permission is felt within a minute, a new one within seconds.
ALLOWED_SECONDS = 60.0
DENIED_SECONDS = 10.0


@dataclass(frozen=True)
class Verdict:
    """The API server's answer: the user is missing where the token is nobody's."""

    user: str | None
    allowed: bool

    @property
    def result(self) -> str:
        if self.allowed:
            return "allowed"
        return "unauthenticated" if self.user is None else "forbidden"


Key = tuple[bytes, Action]


class Verdicts:
    """The ones that still hold, so many at most."""

    def __init__(self, size: int, now: Callable[[], float]) -> None:
        self._size = size
        self._now = now
        self._entries: OrderedDict[Key, tuple[float, Verdict]] = OrderedDict()

    def __len__(self) -> int:
        return len(self._entries)

    def get(self, key: Key) -> Verdict | None:
        until, verdict = self._entries.get(key, (0.0, None))
        if verdict is None:
            return None
        if self._now() >= until:
            del self._entries[key]
            return None
        self._entries.move_to_end(key)
        return verdict

    def put(self, key: Key, verdict: Verdict) -> None:
        seconds = ALLOWED_SECONDS if verdict.allowed else DENIED_SECONDS
        self._entries[key] = (self._now() + seconds, verdict)
        self._entries.move_to_end(key)
        while len(self._entries) > self._size:
            self._entries.popitem(last=False)


class Allowance:
    """How many reviews may begin: a bucket that fills at a steady rate."""

    def __init__(self, rate: float, burst: float, now: Callable[[], float]) -> None:
        self._rate = rate
        self._burst = burst
        self._now = now
        self._left = burst
        self._at = now()

    def take(self) -> bool:
        at = self._now()
        self._left = min(self._burst, self._left + (at - self._at) * self._rate)
        self._at = at
        if self._left < 1:
            return False
        self._left -= 1
        return True
