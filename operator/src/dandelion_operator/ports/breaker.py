"""A circuit breaker: who does not answer several times in a row is left alone for a while.

After a pause one question goes through; if it is answered, everything is as before, if not, the
next pause is longer. Only silence counts: an endpoint that refuses is there. Used by the ports that
speak to endpoints of others; a pause is short enough that nobody waits long for one that is back.
"""

from __future__ import annotations

import time
from collections.abc import Callable

FAILURES = 3
FIRST_PAUSE, LONGEST_PAUSE = 5.0, 30.0
# A power of two with an endpoint's failures of a night is no number any more.
MOST_DOUBLINGS = 16


class OpenError(Exception):
    """It was not asked. The message is why it is not, the same as when it was asked last: while
    nothing changes, no status is to be written because of pauses that grow.
    """


class Breaker:
    def __init__(
        self,
        monotonic: Callable[[], float] = time.monotonic,
        failures: int = FAILURES,
        first_pause: float = FIRST_PAUSE,
        longest_pause: float = LONGEST_PAUSE,
    ) -> None:
        self._monotonic = monotonic
        self._failures = failures
        self._first_pause, self._longest_pause = first_pause, longest_pause
        self._silent = 0
        self._cause = ""
        self._until = float("-inf")
        self._probing = False

    @property
    def is_open(self) -> bool:
        return self._silent >= self._failures

    @property
    def is_untroubled(self) -> bool:
        return self._silent == 0 and not self._probing

    def check(self) -> None:
        """Raises OpenError while nobody may ask."""
        if self.is_open and (self._probing or self._monotonic() < self._until):
            raise OpenError(self._cause)

    def enter(self) -> None:
        """Before a question; each must end in `answered`, `failed` or `unasked`.

        Raises OpenError.
        """
        self.check()
        self._probing = self.is_open

    def answered(self) -> None:
        self._silent, self._probing = 0, False

    def failed(self, cause: str) -> None:
        self._silent += 1
        self._cause, self._probing = cause, False
        self._until = self._monotonic() + self._pause

    def unasked(self) -> None:
        """The question was taken back, so nothing is known."""
        self._probing = False

    @property
    def _pause(self) -> float:
        doublings = min(max(0, self._silent - self._failures), MOST_DOUBLINGS)
        return min(self._first_pause * 2.0**doublings, self._longest_pause)
