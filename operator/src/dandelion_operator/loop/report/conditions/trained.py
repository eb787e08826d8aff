"""Trained: whether a run for exactly this spec has registered a version."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TypeGuard

from dandelion_operator.api import naming
from dandelion_operator.api.reasons import Reason
from dandelion_operator.api.reasons.facts import FALSE, TRUE, UNKNOWN
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide.plan import Plan, Refusal
from dandelion_operator.loop.decide.plan.children import (
    AddSigningKey,
    ApplyS3Account,
    RefreshSecret,
)
from dandelion_operator.loop.decide.plan.decisions import TrainingPhase
from dandelion_operator.loop.decide.plan.jobs import StartTraining
from dandelion_operator.loop.report.conditions.builder import PartialCondition
from dandelion_operator.seen.conclusions.last_run import LastRun, may_be_repeated
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import Progress


def trained(
    observed: Observed, plan: Plan, last: LastRun | None, refusals: Sequence[Refusal]
) -> PartialCondition:
    decision = plan.train
    failed = last if last is not None and last.state is RunState.FAILED else None
    for refusal in refusals:
        if isinstance(refusal.action, StartTraining) and refusal.name_taken:
            return FALSE, Reason.NAME_TAKEN, refusal.message
        if isinstance(refusal.action, StartTraining):
            return UNKNOWN, Reason.TRAINING_PENDING, f"the Job is refused: {refusal.message}"
        if refusal.action in (RefreshSecret(naming.TRAINING), AddSigningKey(naming.TRAINING)):
            return UNKNOWN, Reason.TRAINING_PENDING, f"a Secret is refused: {refusal.message}"
        if refusal.action == ApplyS3Account(naming.TRAINING):
            return UNKNOWN, Reason.TRAINING_PENDING, f"its account is refused: {refusal.message}"
    match decision.phase:
        case TrainingPhase.COMPLETE:
            return TRUE, Reason.TRAINING_COMPLETE, decision.message
        case TrainingPhase.FAILED:
            return FALSE, Reason.TRAINING_FAILED, decision.message
        case TrainingPhase.SUSPENDED:
            return UNKNOWN, Reason.SUSPENDED, decision.message
        case TrainingPhase.FOLLOW if _runs(last) and last.searching:
            return UNKNOWN, Reason.SEARCH_RUNNING, _search(last, observed.progress)
        case TrainingPhase.FOLLOW if _runs(last):
            progress = observed.progress
            stage = f", {progress.stage}" if progress.stage else ""
            return (
                UNKNOWN,
                Reason.TRAINING_RUNNING,
                f"run {last.run}{_attempt(last)}{stage}: {progress.percent}%",
            )
        case TrainingPhase.FOLLOW if last is not None and last.waiting is not None:
            return UNKNOWN, last.waiting.reason, last.waiting.message
        case TrainingPhase.FOLLOW:
            cause = (last.message if last else None) or "waiting for its pod to start"
            return UNKNOWN, Reason.TRAINING_PENDING, cause
        case TrainingPhase.HELD_BACK if failed is not None and may_be_repeated(failed):
            words = f"{failed.reason}: {failed.message}; it is attempted again after this is over"
            return UNKNOWN, Reason.TRAINING_PENDING, f"{words}: {decision.message}"
        case TrainingPhase.HELD_BACK if failed is not None:
            return (
                FALSE,
                Reason.TRAINING_FAILED,
                f"{failed.reason or 'InternalError'}: {failed.message or 'the run failed'}",
            )
        case TrainingPhase.HELD_BACK:
            return UNKNOWN, Reason.NOT_STARTED, decision.message
        case TrainingPhase.PENDING | TrainingPhase.WAITING:
            return UNKNOWN, Reason.TRAINING_PENDING, decision.message


def _runs(last: LastRun | None) -> TypeGuard[LastRun]:
    return last is not None and last.state is RunState.RUNNING


def _search(last: LastRun, progress: Progress) -> str:
    found, run = progress.search, f"run {last.run}{_attempt(last)}"
    if found is None:
        return f"{run}: the first trials begin"
    pruned = f", {found.pruned} of them given up" if found.pruned else ""
    best = "" if found.best is None else f"; the best reached {found.best:.4g}"
    return f"{run}: {found.finished} of {found.trials} trials are over{pruned}{best}"


def _attempt(last: LastRun) -> str:
    return f", attempt {last.attempts}" if last.attempts > 1 else ""
