"""After how long a resource is reconciled again, where no event enqueues it earlier.

Pure; called by `reconcile` once the status is written. What the API server reports by itself needs
no hurry: this is for what has to be asked, such as a run's progress, a pod or a storage endpoint.
"""

from __future__ import annotations

from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.status import ConditionType, Status
from dandelion_operator.loop.decide.plan import Plan, TrainingPhase
from dandelion_operator.seen.conclusions.attempts import seconds_until
from dandelion_operator.seen.conclusions.waiting import WAITING
from dandelion_operator.seen.observed import Observed

# Seconds.
AT_ONCE = 0.0
WHILE_ROLLING_OUT = 1.0
WHILE_TRAINING = 3.0
WHILE_BLOCKED = 10.0
WHILE_STUCK = 15.0


def pause(observed: Observed, plan: Plan, status: Status, resync: float) -> float:
    """Seconds; at most `resync`."""

    def reason(kind: ConditionType) -> str:
        found = status.condition(kind)
        return found.reason if found else ""

    held_up = plan.promote.waiting
    waiting = (held_up is not None and held_up.reason is not Reason.EVALUATION_FAILED) or (
        plan.rollout.obstacle is not None and plan.rollout.obstacle.may_pass
    )
    pauses = [resync]
    for moment in (plan.train.not_before, plan.promote.not_before):
        if moment:
            pauses.append(max(WHILE_ROLLING_OUT, seconds_until(moment, observed.now)))
    for holds, seconds in (
        (reason(ConditionType.ROLLED_OUT) == Reason.PROGRESSING, WHILE_ROLLING_OUT),
        (reason(ConditionType.READY) == Reason.NOT_ANSWERING, WHILE_ROLLING_OUT),
        # Nobody is being asked whose answer would enqueue.
        (observed.answer is not None and observed.answer.no_endpoints, WHILE_ROLLING_OUT),
        (plan.train.phase is TrainingPhase.PENDING, WHILE_TRAINING),
        (
            plan.train.phase is TrainingPhase.FOLLOW
            and reason(ConditionType.TRAINED) not in WAITING,
            WHILE_TRAINING,
        ),
        # A pod's own change enqueues at once; Events, which tell the rest of it, do not.
        (reason(ConditionType.TRAINED) in WAITING, WHILE_BLOCKED),
        (reason(ConditionType.ROLLED_OUT) in WAITING, WHILE_BLOCKED),
        (isinstance(observed.dataset, Failure), WHILE_BLOCKED),
        (waiting and not plan.promote.not_before, WHILE_BLOCKED),
        (
            reason(ConditionType.PROMOTED) == Reason.EVALUATION_RUNNING
            and not plan.promote.not_before,
            WHILE_TRAINING,
        ),
        (reason(ConditionType.PROMOTED) == Reason.EVALUATION_FAILED, WHILE_STUCK),
        (plan.train.phase is TrainingPhase.FAILED, WHILE_STUCK),
        (reason(ConditionType.ROLLED_OUT) == Reason.ARTIFACT_REJECTED, WHILE_STUCK),
        (reason(ConditionType.ROLLED_OUT) == Reason.AUTH_UNAVAILABLE, WHILE_STUCK),
        (reason(ConditionType.ROLLED_OUT) == Reason.NAME_TAKEN, WHILE_STUCK),
        (reason(ConditionType.ROLLED_OUT) == Reason.PROGRESS_DEADLINE_EXCEEDED, WHILE_STUCK),
    ):
        if holds:
            pauses.append(seconds)
    return min(pauses)
