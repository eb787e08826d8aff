"""After how long a resource is reconciled again, where no event enqueues it earlier.

Pure; called by `reconcile` once the status is written. What the API server reports by itself needs
no hurry: this is for what has to be asked, such as a run's progress, a pod or a storage endpoint.
A pod's own change enqueues at once; Events, which tell the rest of it, do not.
"""

from __future__ import annotations

import math

from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.reasons.facts import (
    WHILE_BLOCKED,
    WHILE_ROLLING_OUT,
    WHILE_STUCK,
    WHILE_TRAINING,
)
from dandelion_operator.api.status import Status
from dandelion_operator.api.status.conditions import Condition, ConditionType
from dandelion_operator.loop.decide.plan import Plan
from dandelion_operator.loop.decide.plan.decisions import IngestPhase, TrainingPhase
from dandelion_operator.seen.conclusions.attempts import seconds_until
from dandelion_operator.seen.observed import Observed

AT_ONCE = 0.0


def latest(observed: Observed, plan: Plan) -> float:
    """Seconds until something comes due by the clock alone; infinite where nothing does."""
    moments = filter(None, (plan.train.not_before, plan.promote.not_before, plan.ingest.not_before))
    left = (max(WHILE_ROLLING_OUT, seconds_until(moment, observed.now)) for moment in moments)
    return min(left, default=math.inf)


def pause(observed: Observed, plan: Plan, status: Status, resync: float) -> float:
    """Seconds; at most `resync`."""
    held_up = plan.promote.waiting
    waiting = (held_up is not None and held_up.reason is not Reason.EVALUATION_FAILED) or (
        plan.rollout.obstacle is not None and plan.rollout.obstacle.may_pass
    )
    ways_in = (observed.route, observed.ingress)
    pauses = [resync, latest(observed, plan)]
    for condition in status.conditions:
        again = _again(condition)
        has_its_moment = condition.type is ConditionType.PROMOTED and plan.promote.not_before
        if again is not None and not has_its_moment:
            pauses.append(again)
    trained = status.condition(ConditionType.TRAINED)
    # What was decided, and not a reason alone, asks for these: a run that is held back until a
    # moment and one that is about to start have the same reason, for example.
    for holds, seconds in (
        # Nobody is being asked whose answer would enqueue.
        (observed.answer is not None and observed.answer.no_endpoints, WHILE_ROLLING_OUT),
        (plan.train.phase is TrainingPhase.PENDING, WHILE_TRAINING),
        (
            plan.train.phase is TrainingPhase.FOLLOW
            and (trained is None or _again(trained) is None),
            WHILE_TRAINING,
        ),
        (plan.ingest.phase is IngestPhase.FOLLOW, WHILE_TRAINING),
        (
            plan.ingest.phase is IngestPhase.PENDING and not plan.ingest.not_before,
            WHILE_TRAINING,
        ),
        (plan.train.phase is TrainingPhase.FAILED, WHILE_STUCK),
        (isinstance(observed.dataset, Failure), WHILE_BLOCKED),
        (waiting and not plan.promote.not_before, WHILE_BLOCKED),
        # Nobody tells of it when a Gateway or an ingress controller takes it.
        (any(way.trouble and not way.url for way in ways_in), WHILE_BLOCKED),
    ):
        if holds:
            pauses.append(seconds)
    return min(pauses)


def _again(condition: Condition) -> float | None:
    reason = Reason.known(condition.reason)
    return reason.facts.again.get(condition.type) if reason is not None else None
