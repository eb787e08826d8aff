"""Every image in the pod: which class of work it is, what it is at, and how long each stage took.

From that follow the times in logs and metrics, how many wait, and how much work there is against
what the pod can do. Images come and go on the event loop; whoever has one in hand, in whatever
thread, says which stage it enters. Made by `front/app.py`, held by `front/service.py`.
"""

from __future__ import annotations

import math
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from enum import StrEnum

# Scrapes and autoscalers look every 15 to 60 s, and should not miss what happens in between.
MEAN_SECONDS = 30.0


class Kind(StrEnum):
    """Classes of work: none takes another's turn."""

    SMALL = "small"
    LARGE = "large"
    EXPLANATION = "explanation"


class Stage(StrEnum):
    WAITING = "waiting"
    """For a worker, for memory or for its turn."""
    DECODING = "decoding"
    COMPUTING = "computing"


class Mean:
    """The mean over time of a value that stays the same in between.

    The past counts less the longer ago it is, with the time constant `seconds`.
    """

    def __init__(self, seconds: float, now: Callable[[], float]) -> None:
        self._seconds = seconds
        self._now = now
        self._at = now()
        self._value = 0.0
        self._mean = 0.0

    def becomes(self, value: float) -> None:
        self._mean = self.mean()
        self._value = value

    def mean(self) -> float:
        at = self._now()
        left = math.exp((self._at - at) / self._seconds)
        self._mean = self._value + (self._mean - self._value) * left
        self._at = at
        return self._mean


class Workload:
    """All of the images."""

    def __init__(
        self, shares: Mapping[Kind, float], now: Callable[[], float] = time.perf_counter
    ) -> None:
        """`shares` says of each class which part of the pod one image takes: 1 over how many of
        them are worked on at once."""
        self._shares = shares
        self._now = now
        self._there: set[Progress] = set()
        self._counts = dict.fromkeys(Kind, 0)
        self._work = Mean(MEAN_SECONDS, now)

    @contextmanager
    def images(self, number: int, kind: Kind = Kind.SMALL) -> Iterator[list[Progress]]:
        """So many images of one request, for as long as somebody waits for them."""
        images = [Progress(self, kind, self._now) for _ in range(number)]
        self._there.update(images)
        self._count(kind, number)
        try:
            yield images
        finally:
            for image in images:
                image.end()
                self._there.discard(image)
                self._counts[image.kind] -= 1
            self._weigh()

    def moved(self, before: Kind, after: Kind) -> None:
        """An image turned out to be of another class."""
        self._counts[before] -= 1
        self._count(after, 1)

    def waiting(self, kind: Kind) -> int:
        """How many of a class wait."""
        return sum(image.kind is kind and image.stage is Stage.WAITING for image in self._there)

    def mean(self) -> float:
        """The work that is there, done and waiting, against what the pod works on at once: a mean
        over the last half minute. Above 1, some of it waits."""
        return self._work.mean()

    def _count(self, kind: Kind, number: int) -> None:
        self._counts[kind] += number
        self._weigh()

    def _weigh(self) -> None:
        self._work.becomes(sum(self._shares[kind] * count for kind, count in self._counts.items()))


class Progress:
    """One image."""

    __slots__ = ("_now", "_seconds", "_since", "_workload", "kind", "stage")

    def __init__(self, workload: Workload, kind: Kind, now: Callable[[], float]) -> None:
        self.kind = kind
        self.stage: Stage | None = Stage.WAITING
        self._workload = workload
        self._now = now
        self._since = now()
        self._seconds = dict.fromkeys(Stage, 0.0)

    def enter(self, stage: Stage | None) -> None:
        at = self._now()
        if self.stage is not None:
            self._seconds[self.stage] += at - self._since
        self._since = at
        self.stage = stage

    def end(self) -> None:
        self.enter(None)

    def is_large(self) -> None:
        """On the event loop."""
        self._workload.moved(self.kind, Kind.LARGE)
        self.kind = Kind.LARGE

    def seconds(self, stage: Stage) -> float:
        """Spent in it so far, the stage under way excepted."""
        return self._seconds[stage]
