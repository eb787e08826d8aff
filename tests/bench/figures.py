"""One measured figure, and how a list of samples is told."""

from __future__ import annotations

import statistics
from collections.abc import Sequence
from dataclasses import asdict, dataclass


@dataclass(frozen=True)
class Figure:
    """A value with its unit and the goal it stands against (`""` where there is none)."""

    what: str
    value: float | int | str
    unit: str = ""
    goal: str = ""

    def as_json(self) -> dict[str, object]:
        """The figure as it is written to the file."""
        return asdict(self)


def spread(samples: Sequence[float], digits: int = 2) -> str:
    """`median (minimum … maximum, n)` of samples."""
    middle = round(statistics.median(samples), digits)
    return f"{middle} ({min(samples):.{digits}f} … {max(samples):.{digits}f}, n={len(samples)})"
