"""Whether images have come to be unlike those of the served version's holdout, and how far. Pure.

A pod compares windows of several sizes, and by chance one in a hundred of each is above a
threshold. So a single window is nothing: what counts are windows of one size in one pod, so many in
a row. Of a million answers chance makes 0.08 of such series with the usual three sizes, however
many pods share the answers (`make bench ONLY=drift`). The score of a series is that of its lowest
window, in units of the threshold: above 1 images have drifted.

Asked by `report`, and by the trigger `driftAbove` with a level of its own.
"""

from __future__ import annotations

import math
from collections.abc import Iterator
from dataclasses import dataclass

from dandelion_operator.api import moments
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status.conditions import Condition, ConditionType
from dandelion_operator.api.status.versions import Drift
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.windows import PodWindows, WindowCompared, WindowsOfSize

IN_A_ROW = 3
# Drift that was told lasts so long at least, and until so many windows in a row are below their
# thresholds, so that what is near a threshold is not told and taken back all day.
LASTS_SECONDS = 3600
BELOW_IN_A_ROW = 5
# The numbers of a pod that is busy change by the second, and a status is not written as often.
TOLD_ANEW_SECONDS = 600


@dataclass(frozen=True)
class Series:
    """The last windows of so many answers in one pod. `score`: of the lowest of them; `statistic`
    and `ended`: of the newest."""

    pod: str
    answers: int
    score: float
    statistic: str
    ended: str


def in_a_row(windows: WindowsOfSize) -> WindowCompared | None:
    """The lowest of as many as count; None where there are not so many yet."""
    last = windows.last[:IN_A_ROW]
    return min(last, key=lambda each: each.ratio) if len(last) == IN_A_ROW else None


def served_version(observed: Observed) -> int | None:
    deployment = observed.deployment
    if deployment is None or not deployment.ours or deployment.target is None:
        return None
    return deployment.target.version


def asked_pods(observed: Observed) -> tuple[PodWindows, ...]:
    """Those that serve the version that is to be served."""
    version = served_version(observed)
    return tuple(pod for pod in observed.windows if version is not None and pod.version == version)


def furthest(observed: Observed, since: str = "") -> Series | None:
    """The series with the highest score; with `since`, of windows alone that were full after it."""
    found = (each for pod in asked_pods(observed) for each in _series(pod, since))
    return max(found, key=lambda each: each.score, default=None)


def _series(pod: PodWindows, since: str) -> Iterator[Series]:
    for windows in pod.windows or ():
        lowest, last = in_a_row(windows), windows.last[:IN_A_ROW]
        if lowest is not None and min(each.time for each in last) > since:
            newest = last[0]
            yield Series(pod.pod, windows.answers, lowest.ratio, newest.statistic, newest.time)


def said_before(observed: Observed) -> Condition | None:
    """The condition of before, where it is about the version that is to be served."""
    if told_before(observed) is None:
        return None
    return observed.previous.condition(ConditionType.DRIFT_DETECTED)


def is_over(observed: Observed, since: str) -> bool:
    """Whether drift that was told at a moment is no more."""
    if moments.after(since, LASTS_SECONDS) > observed.now:
        return False
    last = [
        windows.last[:BELOW_IN_A_ROW]
        for pod in asked_pods(observed)
        for windows in pod.windows or ()
    ]
    is_settled = any(len(each) == BELOW_IN_A_ROW for each in last)
    return is_settled and all(window.ratio <= 1 for each in last for window in each)


def told_before(observed: Observed) -> Drift | None:
    """Of the version that is to be served; None where another one was."""
    before, version = observed.previous.drift, served_version(observed)
    return before if before is not None and before.version == str(version) else None


def told(resource: Resource, observed: Observed) -> Drift | None:
    """For the status; None where no version is to be served."""
    version, now, before = served_version(observed), furthest(observed), told_before(observed)
    above = resource.spec.triggers.drift_above
    if version is None:
        return None
    if now is None:
        return (before or Drift(version=str(version))).model_copy(update={"above": above})
    if before is not None and before.above == above and _stands(observed, before, now):
        return before
    return Drift(
        version=str(version),
        score=_up(now.score),
        above=above,
        window=now.answers,
        statistic=now.statistic,
        pod=now.pod,
        compared_at=now.ended,
    )


def _stands(observed: Observed, before: Drift, now: Series) -> bool:
    """Whether numbers from before, which are not old, say the same as those of now."""
    score, at = before.score, before.compared_at
    if score is None or at is None:
        return False
    levels = (1.0,) if before.above is None else (1.0, before.above)
    if any((score > level) != (now.score > level) for level in levels):
        return False
    return moments.after(at, TOLD_ANEW_SECONDS) > observed.now


def _up(score: float) -> float:
    """To three places, upwards: what is above 1 is not told as 1."""
    return math.ceil(score * 1000) / 1000
