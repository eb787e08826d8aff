"""What became of the last windows of each size, for whoever asks this pod.

Filled by `monitor.py` in its thread; read by `front/routes/probes.py` and for every row of the
prediction log. What is read is replaced whole, so nobody needs a lock.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from dandelion_inference.model.reference import Statistic

# Windows of a size that are kept: the operator asks whether the last ones were alike.
LAST = 5
# A threshold may be next to nothing, and what it is divided by is told in JSON.
LARGEST_RATIO = 1000.0


@dataclass(frozen=True)
class Compared:
    """One full window. `time` is when it was full, in seconds since 1970."""

    time: float
    scores: Mapping[Statistic, float]
    thresholds: Mapping[Statistic, float]

    def ratio(self, statistic: Statistic) -> float:
        """The score in units of its threshold, from 0 to 1000: above 1 where it is exceeded."""
        score, threshold = self.scores[statistic], self.thresholds[statistic]
        if threshold <= 0:
            return LARGEST_RATIO if score > threshold else 0.0
        return max(0.0, min(score / threshold, LARGEST_RATIO))

    @property
    def furthest(self) -> Statistic:
        """The statistic that is furthest above its threshold, or least below."""
        return max(self.thresholds, key=self.ratio)

    @property
    def exceeded(self) -> bool:
        """Whether any is above its threshold: by chance, in one false alarm rate of windows."""
        return any(self.scores[each] > most for each, most in self.thresholds.items())


@dataclass(frozen=True)
class Counted:
    """Of one size since the process began; `last` has the newest first."""

    compared: int = 0
    exceeded: int = 0
    last: tuple[Compared, ...] = ()

    def and_also(self, window: Compared) -> Counted:
        return Counted(
            self.compared + 1, self.exceeded + window.exceeded, (window, *self.last)[:LAST]
        )


class RecentWindows:
    def __init__(self) -> None:
        self._of: Mapping[int, Counted] = {}

    def add(self, answers: int, window: Compared) -> None:
        """One of so many answers."""
        self._of = {**self._of, answers: self.of(answers).and_also(window)}

    def of(self, answers: int) -> Counted:
        """Those of so many answers."""
        return self._of.get(answers, Counted())

    @property
    def exceeded(self) -> bool:
        """Whether the last window of any size is above a threshold."""
        return any(counted.last[0].exceeded for counted in self._of.values())
