"""Entries about conditions that turned: an artifact that cannot be served, drift."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from dandelion_operator.api import moments
from dandelion_operator.api.reasons import Reason
from dandelion_operator.api.status.conditions import Condition, ConditionType
from dandelion_operator.api.status.history import OPERATOR, HistoryEntry
from dandelion_operator.api.status.versions import Challenger
from dandelion_operator.loop.decide.plan import Plan
from dandelion_operator.seen.conclusions.image_drift import served_version
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.versions import RegistrySeen

# Drift that comes and goes is told as often as that, and no more.
DRIFT_TOLD_SECONDS = 86_400


def of_artifact(
    observed: Observed, conditions: Sequence[Condition], now: str
) -> Iterator[HistoryEntry]:
    rolled = _turned(observed, conditions, ConditionType.ROLLED_OUT)
    if rolled is None or rolled.reason not in (
        Reason.ARTIFACT_REJECTED,
        Reason.PROGRESS_DEADLINE_EXCEEDED,
    ):
        return
    registry = observed.registry
    champion = registry.champion if isinstance(registry, RegistrySeen) else None
    yield HistoryEntry(
        time=now,
        decision=rolled.reason,
        version=None if champion is None else str(champion),
        reason=rolled.message,
    )


def of_a_broken_challenger(
    observed: Observed,
    challenger: Challenger | None,
    plan: Plan,
    conditions: Sequence[Condition],
    now: str,
) -> Iterator[HistoryEntry]:
    waiting = plan.promote.waiting
    if challenger is None or waiting is None or waiting.reason is not Reason.ARTIFACT_REJECTED:
        return
    told = _turned(observed, conditions, ConditionType.PROMOTED)
    if told is not None and told.reason == Reason.ARTIFACT_REJECTED:
        yield HistoryEntry(
            time=now, decision=told.reason, version=challenger.version, reason=told.message
        )


def of_drift(
    observed: Observed, conditions: Sequence[Condition], now: str
) -> Iterator[HistoryEntry]:
    """That it began, and that it ended."""
    was = observed.previous.condition(ConditionType.DRIFT_DETECTED)
    turned = _turned(observed, conditions, ConditionType.DRIFT_DETECTED)
    lasted = was is not None and was.reason == Reason.IMAGES_DRIFTED
    worth_telling = (Reason.NO_DRIFT,) if lasted else (Reason.IMAGES_DRIFTED,)
    if turned is None or turned.reason not in worth_telling:
        return
    about = (turned.reason, str(served_version(observed)))
    told = (item for item in observed.previous.history if (item.decision, item.version) == about)
    latest = next(told, None)
    if latest is not None and moments.after(latest.time, DRIFT_TOLD_SECONDS) > now:
        return
    yield HistoryEntry(
        time=now, decision=turned.reason, version=about[1], by=OPERATOR, reason=turned.message
    )


def _turned(
    observed: Observed, conditions: Sequence[Condition], kind: ConditionType
) -> Condition | None:
    """The condition, where its status or reason is another one than before."""
    now = next((item for item in conditions if item.type is kind), None)
    was = observed.previous.condition(kind)
    if now is None or (was is not None and (was.status, was.reason) == (now.status, now.reason)):
        return None
    return now
