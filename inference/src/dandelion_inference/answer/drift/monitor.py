"""Windows of the last answers, each compared with the holdout's once it is full.

Windows of one size follow one another without overlap: two of them are wrong independently of each
other, and the rate of false alarms says how many to expect. They hold probabilities and no image,
and begin anew with the process. Made by `__main__`; `front/service.py` tells it every answer.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import cached_property, partial
from typing import Protocol

import numpy as np
import structlog
from numpy.typing import NDArray

from dandelion_inference.answer.drift.recent import Compared, RecentWindows
from dandelion_inference.answer.drift.statistics import FullWindow, Reference, row
from dandelion_inference.answer.prediction import Prediction
from dandelion_inference.model.contract import Contract
from dandelion_inference.model.reference import DriftWindow, ReferenceAnswers

log = structlog.get_logger()


class Told(Protocol):
    """Who is told of the windows of so many answers."""

    def drift_filling(self, answers: int, filled: Callable[[], int]) -> None: ...

    def drift_compared(self, answers: int, scores: dict[str, float], exceeded: bool) -> None: ...


class DriftMonitor:
    """Told of answers in the event loop alone, so it needs no lock; what is a matter of
    milliseconds is done in a thread of its own."""

    def __init__(self, told: Told, now: Callable[[], float] = time.time) -> None:
        """`now`: seconds since 1970."""
        self.recent = RecentWindows()
        self._told = told
        self._now = now
        self._windows: Windows | None = None
        self._comparing = ThreadPoolExecutor(1, thread_name_prefix="drift")

    def answered(self, contract: Contract, prediction: Prediction) -> None:
        """By the one model that this process serves. Nothing where its contract has no thresholds,
        as that of an earlier release or of a small holdout."""
        if self._windows is None:
            statistics = contract.reference
            if statistics is None or statistics.answers is None or not statistics.drift.windows:
                return
            self._windows = Windows(statistics.answers, statistics.drift.windows)
            for each in self._windows.all:
                self._told.drift_filling(each.told.answers, partial(getattr, each, "filled"))
        for window, full in self._windows.add(prediction):
            comparing = self._comparing.submit(
                self._compare, self._windows, window, full, self._now()
            )
            comparing.add_done_callback(_tell_failure)

    def close(self) -> None:
        self._comparing.shutdown(wait=False, cancel_futures=True)

    def _compare(
        self, windows: Windows, window: DriftWindow, full: FullWindow, full_at: float
    ) -> None:
        compared = Compared(full_at, windows.reference.scores(full), window.thresholds)
        told = {statistic.value: score for statistic, score in compared.scores.items()}
        self.recent.add(window.answers, compared)
        self._told.drift_compared(window.answers, told, compared.exceeded)


def _tell_failure(comparing: Future[None]) -> None:
    if not comparing.cancelled() and (error := comparing.exception()) is not None:
        log.error("a window of answers was not compared", exc_info=error)


class Windows:
    """One of each size that there are thresholds for."""

    def __init__(self, answers: ReferenceAnswers, windows: tuple[DriftWindow, ...]) -> None:
        self._answers = answers
        columns = len(answers.probability) + 2
        features = len(answers.features or ())
        self.all = [Window(told, columns, features) for told in windows]

    @cached_property
    def reference(self) -> Reference:
        return Reference(self._answers)

    def add(self, prediction: Prediction) -> Iterator[tuple[DriftWindow, FullWindow]]:
        """The windows that are full with it."""
        kept = row(self._answers.probability, prediction)
        features = prediction.features if self._answers.features is not None else None
        for window in self.all:
            full = window.add(kept, features)
            if full is not None:
                yield window.told, full


class Window:
    """Answers of which one more may fill it, and then it begins anew."""

    def __init__(self, told: DriftWindow, columns: int, features: int) -> None:
        self.told = told
        self.filled = 0
        self._answers = np.empty((told.answers, columns))
        # Of features the mean is compared: a sum is all that has to be kept of hundreds.
        self._features = np.zeros(features)

    def add(self, kept: list[float], features: NDArray[np.float32] | None) -> FullWindow | None:
        """All of its answers, once it is full."""
        self._answers[self.filled] = kept
        if features is not None:
            self._features += features
        self.filled += 1
        if self.filled < self.told.answers:
            return None
        full = FullWindow(self._answers, self._features / self.filled)
        self._answers, self._features = np.empty_like(self._answers), np.zeros_like(self._features)
        self.filled = 0
        return full
