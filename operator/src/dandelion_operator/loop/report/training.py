"""What the status tells of the last run."""

from __future__ import annotations

from dandelion_operator.api import digests, naming
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.spec.triggers import Trigger
from dandelion_operator.api.status.training import RunState, Search, Training
from dandelion_operator.loop.decide.plan import Plan
from dandelion_operator.loop.decide.plan.decisions import TrainingPhase
from dandelion_operator.seen.conclusions.last_run import LastRun
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import Progress


def training(
    resource: Resource, observed: Observed, plan: Plan, last: LastRun | None, now: str
) -> Training | None:
    if last is None:
        return observed.previous.training
    before = observed.previous.training
    nothing = Training(run=last.run, training_hash=last.training_hash, attempts=last.attempts)
    known = before if before is not None and before.run == last.run else nothing
    # What an earlier attempt at this run was is no longer so.
    this = known if known.attempts == last.attempts else nothing
    progress = observed.progress if observed.progress.run == last.run else None
    state = last.state
    if plan.train.phase is TrainingPhase.SUSPENDED and not state.finished:
        state = RunState.SUSPENDED
    percent = progress.percent if progress else known.progress_percent
    finished = last.finished or this.finished_at
    execution = last.execution or this.execution
    if execution is None and state.finished:
        execution = digests.execution(resource)  # from here on, a change is seen
    run_id = (last.version.run_id if last.version else None) or (progress and progress.run_id)
    return Training(
        job_name=last.job_name or naming.job(resource.key, last.run, last.attempts),
        run=last.run,
        training_hash=last.training_hash,
        run_id=run_id or known.run_id,
        progress_percent=100 if state is RunState.SUCCEEDED else max(0, min(percent, 100)),
        stage=None if state.finished else progress.stage if progress else None,
        state=state,
        started_at=last.started or known.started_at,
        finished_at=(finished or now) if state.finished else None,
        trigger=last.trigger or known.trigger,
        trigger_message=last.trigger_message or known.trigger_message,
        requested_by=known.requested_by or _requested_by(resource, last),
        decided_at=last.decided or known.decided_at,
        reason=last.reason,
        message=last.message,
        dataset_fingerprint=last.fingerprint or known.dataset_fingerprint,
        retrain=(last.retrain if last.retrain is not None else known.retrain)
        or _known_retrain(resource, last),
        attempts=last.attempts,
        execution=execution,
        search=_search(progress) or known.search,
    )


def _requested_by(resource: Resource, last: LastRun) -> str | None:
    if last.trigger != Trigger.RETRAIN_REQUESTED:
        return None
    return resource.asked_by("retrain", last.retrain)


def _search(progress: Progress | None) -> Search | None:
    found = progress.search if progress is not None else None
    if found is None:
        return None
    return Search(
        trials=found.trials,
        finished=found.finished,
        pruned=found.pruned,
        failed=found.failed,
        best=found.best,
        parameters=dict(found.parameters),
    )


def _known_retrain(resource: Resource, last: LastRun) -> str | None:
    """A run found again by its version alone: its training hash tells whether the annotation was in
    it.
    """
    if resource.retrain and last.training_hash == digests.training_hash(resource):
        return resource.retrain
    return None
