"""How often the alert and the condition tell of drift where there is none.

Windows of images like the holdout's are above a threshold independently of each other, in a given
share; years of them are drawn, at a steady number of answers a day.
"""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np
from dandelion_operator.seen.conclusions.image_drift import IN_A_ROW
from numpy.typing import NDArray

from tests.bench.figures import Figure

RATE = 0.01  # of false alarms, a window
UNLUCKY = 0.03  # of one holdout of 100 images in twelve, or more
SIZES = (20, 50, 100)
DAYS = 365
DRAWN = 20_000_000  # windows, and so as many years as these are
# Those of `DandelionDrift`: more than a fifth of the windows of 100, and so many in so many days.
ALERT_SIZE, ALERT_SHARE, ALERT_RULES = 100, 0.2, ((3, 2 / 24), (2, 1.0))
ANSWERS_A_DAY = (100, 200, 400, 1_000, 5_000, 20_000, 100_000)

Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]


def measure() -> Iterator[Figure]:
    """Expected false alarms a year."""
    chance = np.random.default_rng(20261126)
    for answers in ANSWERS_A_DAY:
        what = f"{answers:,} answers a day"
        yield Figure(f"alert, {what}", _told(alerts(answers, chance)), "a year", "≤ 2")
        found = [conditions(answers, rate, chance) for rate in (RATE, UNLUCKY)]
        shown = " / ".join(map(_told, found))
        words = f"condition, {what}, 1 % / 3 % of windows above a threshold"
        yield Figure(words, shown, "a year")


def _told(a_year: float) -> str:
    return f"{a_year:.2g}"


def conditions(answers: int, rate: float, chance: np.random.Generator) -> float:
    """How often a year windows of a size become as many in a row as count. Of how many pods they
    are does not matter; the three sizes count as if they had nothing in common, which is the most
    that they can add up to."""
    found = 0.0
    for size in SIZES:
        above = chance.random(DRAWN) < rate
        years = DRAWN / (answers * DAYS / size)
        found += begun(above) / years
    return found


def begun(above: Flags) -> int:
    """How many times the last windows are all above a threshold, and were not the window before."""
    held = len(above) - IN_A_ROW + 1
    series = np.logical_and.reduce([above[start : start + held] for start in range(IN_A_ROW)])
    return int(series[0]) + int((series[1:] & ~series[:-1]).sum())


def alerts(answers: int, chance: np.random.Generator) -> float:
    """How often a year the alert begins; one within a day of another is the same."""
    a_day = answers / ALERT_SIZE
    years = min(200.0, DRAWN / 2 / (a_day * DAYS))
    full = np.sort(chance.random(int(a_day * DAYS * years))) * DAYS * years
    above = full[chance.random(len(full)) < RATE]
    told = np.zeros(len(above), np.bool_)
    for least, days in ALERT_RULES:
        since = above - days
        alarms = np.arange(1, len(above) + 1) - np.searchsorted(above, since, "right")
        windows = np.searchsorted(full, above, "right") - np.searchsorted(full, since, "right")
        told |= (alarms >= least) & (alarms > ALERT_SHARE * windows)
    return float((np.diff(above[told], prepend=-2.0) > 1).sum() / years)
