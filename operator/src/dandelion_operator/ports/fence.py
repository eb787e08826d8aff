"""The permission to write: held while this process may believe that it alone leads.

Every write to Kubernetes and to MLflow asks the fence first. It closes by itself, by the monotonic
clock and a margin ahead of the moment at which anybody else could take over, so a leader that lost
touch, or was asleep, stops writing before the next one starts.
"""

from __future__ import annotations

import time
from collections.abc import Callable

# A write that takes longer is given up: none may outlive the margin of the election.
WRITE_SECONDS = 6.0
# A read may take what an overloaded server needs.
READ_SECONDS = 15.0


class NotLeadingError(Exception):
    """A write was attempted without a lease that is certainly still valid."""


class Fence:
    def __init__(self, monotonic: Callable[[], float] = time.monotonic) -> None:
        self._monotonic = monotonic
        self._open_until = float("-inf")

    @property
    def open(self) -> bool:
        return self._monotonic() < self._open_until

    def open_until(self, moment: float) -> None:
        self._open_until = moment

    def close(self) -> None:
        self._open_until = float("-inf")

    def check(self) -> None:
        if not self.open:
            raise NotLeadingError("this operator does not hold the lease, so it writes nothing")
