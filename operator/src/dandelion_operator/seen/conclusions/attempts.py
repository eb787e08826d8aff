"""When a run is attempted again, and with which pause. Pure.

A run is the same as long as it makes the same model; an attempt at it is a Job, which goes on from
the run's last checkpoint. What infrastructure did is repeated after pauses that grow, and not
without end. Asked by `train`, by the gate for comparisons, and by `pace`.
"""

from __future__ import annotations

from datetime import datetime, timedelta

ATTEMPT_LIMIT = 8
FIRST_PAUSE_SECONDS = 30
LONGEST_PAUSE_SECONDS = 3600
JOB_LOST = "JobLost"
# What nobody has to change anything about, in training's own words.
OF_INFRASTRUCTURE = frozenset(
    {"StorageUnreachable", "IdentityMissing", "RegistryUnreachable", "Interrupted"}
)
TIME = "%Y-%m-%dT%H:%M:%SZ"


def pause_seconds(attempts: int) -> int:
    """After this many attempts, each pause twice the former: 30 s, 1 min … at most an hour."""
    doubled: int = FIRST_PAUSE_SECONDS * 2 ** min(max(attempts - 1, 0), 16)
    return min(doubled, LONGEST_PAUSE_SECONDS)


def next_attempt(ended: str | None, attempts: int) -> str:
    """The moment, in the form of Kubernetes' times; "" where it is not known when it ended."""
    if not ended:
        return ""
    try:
        moment = datetime.fromisoformat(ended)
    except ValueError:
        return ""
    return (moment + timedelta(seconds=pause_seconds(attempts))).strftime(TIME)


def seconds_until(moment: str, now: str) -> float:
    """At least 0; 0 as well where either is not known."""
    try:
        left = datetime.fromisoformat(moment) - datetime.fromisoformat(now)
    except ValueError:
        return 0.0
    return max(0.0, left.total_seconds())
