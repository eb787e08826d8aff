"""How fast a client has sent of late: what decides who makes room for others.

Nobody's past counts for long, so whoever stops sending soon falls behind those who go on, and who
has just come is as good as the fastest. Kept for connections by `front/connection` and for
bodies by `admission.py`.
"""

from __future__ import annotations

import math

# Who sends that much is as fast as anybody, in bytes a second.
FAST = 65_536.0
# What came so long ago counts 1/e of what comes now, in seconds.
MEMORY_SECONDS = 2.0


class RecentRate:
    """An exponentially weighted mean, in bytes a second, of at most `FAST`."""

    def __init__(self, now: float) -> None:
        """`now` is in seconds of any clock, the same in every call."""
        self._rate = FAST
        self._at = now

    def received(self, size: int, now: float) -> None:
        self._rate = min(FAST, self.at(now) + size / MEMORY_SECONDS)
        self._at = now

    def at(self, now: float) -> float:
        return self._rate * math.exp((self._at - now) / MEMORY_SECONDS)
