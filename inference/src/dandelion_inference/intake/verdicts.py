"""What the cluster said, and for how long that holds.

Called by `auth.py`, on the event loop.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from enum import Enum
from typing import Literal

Action = Literal["predict", "feedback"]

# A withdrawn permission is felt within a minute, a new one within seconds.
ALLOWED_SECONDS = 60.0
DENIED_SECONDS = 10.0
# From this age on a permission is asked about again while it still holds. Early, so that every
# known caller finds a turn before the minute is over.
REVALIDATE_SECONDS = 30.0
# A permission of up to this age stands in for an answer that is not given.
STALE_SECONDS = 600.0


@dataclass(frozen=True)
class Verdict:
    """The answer: the user is missing where the token is nobody's."""

    user: str | None
    allowed: bool

    @property
    def result(self) -> str:
        if self.allowed:
            return "allowed"
        return "unauthenticated" if self.user is None else "forbidden"


class Freshness(Enum):
    """The names are those of HTTP caching: RFC 9111, section 4.2, and RFC 5861."""

    FRESH = "it holds"
    REVALIDATE = "it holds, and is asked about again meanwhile"
    STALE_IF_ERROR = "it holds only while there is no answer"
    EXPIRED = "it does not hold"


def freshness(allowed: bool, age: float) -> Freshness:
    """`age` is in seconds. What was denied is never stretched: it costs the caller, not us."""
    if not allowed:
        return Freshness.FRESH if age < DENIED_SECONDS else Freshness.EXPIRED
    if age < REVALIDATE_SECONDS:
        return Freshness.FRESH
    if age < ALLOWED_SECONDS:
        return Freshness.REVALIDATE
    return Freshness.STALE_IF_ERROR if age < STALE_SECONDS else Freshness.EXPIRED


Key = tuple[bytes, Action]


class Verdicts:
    """Those that may still hold, so many at most; whoever asked longest ago is forgotten first.

    Denials have places of their own, so that invented tokens push nobody out.
    """

    def __init__(self, allowed: int, denied: int, now: Callable[[], float]) -> None:
        self._now = now
        self._places = {True: allowed, False: denied}
        self._entries: dict[bool, OrderedDict[Key, tuple[float, Verdict]]] = {
            True: OrderedDict(),
            False: OrderedDict(),
        }

    def __len__(self) -> int:
        return sum(len(entries) for entries in self._entries.values())

    def get(self, key: Key) -> tuple[Verdict, Freshness] | None:
        """None where nothing is remembered that may still hold."""
        for allowed, entries in self._entries.items():
            if key not in entries:
                continue
            answered, verdict = entries[key]
            fresh = freshness(allowed, self._now() - answered)
            if fresh is Freshness.EXPIRED:
                del entries[key]
                continue
            entries.move_to_end(key)
            return verdict, fresh
        return None

    def put(self, key: Key, verdict: Verdict) -> None:
        """What the cluster says now takes the place of what it said before."""
        self._entries[not verdict.allowed].pop(key, None)
        entries = self._entries[verdict.allowed]
        entries[key] = (self._now(), verdict)
        entries.move_to_end(key)
        while len(entries) > self._places[verdict.allowed]:
            entries.popitem(last=False)
