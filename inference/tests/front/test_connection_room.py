"""Which connection ends where there are too many."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import cast

import pytest
from dandelion_inference.front.connection import BoundedConnection, slowest
from dandelion_inference.intake.recent_rate import FAST


@dataclass
class Connection:
    sent: float
    waits: bool = True

    def rate(self, now: float) -> float:
        return self.sent


WORKS, NEW, TRICKLES, SILENT, ENDING = (
    Connection(0.0, waits=False),
    Connection(FAST),
    Connection(3.0),
    Connection(0.0),
    Connection(-1.0),
)


@pytest.mark.parametrize(
    ("there", "ended"),
    [
        pytest.param([NEW, TRICKLES, SILENT, ENDING], ENDING, id="one that has been answered"),
        pytest.param(
            [NEW, TRICKLES, SILENT], SILENT, id="one that is silent before one that sends"
        ),
        pytest.param([NEW, TRICKLES, WORKS], TRICKLES, id="one that trickles before the newest"),
        pytest.param([WORKS, NEW, WORKS], NEW, id="the newest where all others are answered"),
    ],
)
def test_which_one_makes_room(there: Sequence[Connection], ended: Connection) -> None:
    assert slowest(cast(Sequence[BoundedConnection], there), now=0.0) is cast(object, ended)
