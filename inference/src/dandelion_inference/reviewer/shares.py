"""How much one sender may ask, so that none takes the token reviewer from the others.

Senders are told apart by address, which in a cluster is a serving pod's own. Called by
`reviews.py`, on the event loop.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass

from dandelion_inference.intake.bulkhead import Allowance

# A serving pod asks as much by its own bounds: of strangers and of known callers, 4 and 50 each.
AT_ONCE = 8
RATE = 100.0
BURST = 200.0
# Senders that are remembered; whoever asked longest ago and has nothing under way is forgotten.
SENDERS = 4096


@dataclass
class _Sender:
    allowance: Allowance
    under_way: int = 0


class Shares:
    def __init__(self, now: Callable[[], float]) -> None:
        self._now = now
        self._senders: OrderedDict[str, _Sender] = OrderedDict()

    def __len__(self) -> int:
        return len(self._senders)

    @contextmanager
    def place(self, address: str) -> Iterator[bool]:
        """Whether this sender may ask one more question, which ends with the context."""
        sender = self._sender(address)
        if sender.under_way >= AT_ONCE or not sender.allowance.take():
            yield False
            return
        sender.under_way += 1
        try:
            yield True
        finally:
            sender.under_way -= 1

    def _sender(self, address: str) -> _Sender:
        if address not in self._senders:
            self._forget()
            self._senders[address] = _Sender(Allowance(RATE, BURST, self._now))
        self._senders.move_to_end(address)
        return self._senders[address]

    def _forget(self) -> None:
        idle = (address for address, one in self._senders.items() if not one.under_way)
        if len(self._senders) >= SENDERS and (oldest := next(idle, None)) is not None:
            del self._senders[oldest]
