"""Moments as pages show them: ISO 8601 in UTC, and how long ago that is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime

UNITS = ((86400, "d"), (3600, "h"), (60, "min"), (1, "s"))
# Below so many of a unit, the next smaller one is told: 90 s, 90 min, 47 h.
FEW = 2


@dataclass(frozen=True)
class Moment:
    """`relative` is empty for what is no time."""

    iso: str
    relative: str


def moment(text: str | None, now: datetime) -> Moment | None:
    """None for nothing; a text that is no time is shown as it is."""
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return Moment(text, "")
    at = at.replace(tzinfo=at.tzinfo or UTC).astimezone(UTC)
    return Moment(at.strftime("%Y-%m-%dT%H:%M:%SZ"), relative((now - at).total_seconds()))


def relative(seconds: float) -> str:
    """`3 min ago`, `in 2 h`; for what is past, or to come where negative."""
    length = duration(abs(seconds))
    return f"in {length}" if seconds < -1 else f"{length} ago"


def duration(seconds: float) -> str:
    for size, unit in UNITS:
        if seconds >= FEW * size or size == 1:
            return f"{seconds // size:.0f} {unit}"
    raise AssertionError("the last unit takes every length")
