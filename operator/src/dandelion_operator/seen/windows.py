"""What serving pods say of their answers of late: windows of them, held against the holdout's."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class WindowCompared:
    """One window. `ratio`: how many times its threshold the statistic is that is furthest, so a
    window is above a threshold where this is above 1. `time`: when it was full, by the pod's clock.
    """

    time: str
    ratio: float
    statistic: str


@dataclass(frozen=True)
class WindowsOfSize:
    """The last windows of so many answers, the newest first."""

    answers: int
    last: tuple[WindowCompared, ...] = ()


@dataclass(frozen=True)
class PodWindows:
    """`windows` is None where the pod tells none: one of a former release, or one that does not
    answer. It is empty where the model has nothing to compare with. `pending`: nothing was answered
    yet.
    """

    pod: str
    version: int | None
    windows: tuple[WindowsOfSize, ...] | None = None
    pending: bool = False
