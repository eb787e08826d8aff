"""The last training run of a resource, pieced together from everything that may remember it.

Jobs are cleaned away after a while, the status may have been written before or after a crash, and
a resource that was deleted and applied again has neither. Each of them alone can be missing; the
run is the same. Called by `train` (is there anything left to do?) and by `report`.
"""

from __future__ import annotations

from dataclasses import dataclass

from dandelion_operator.api import naming
from dandelion_operator.api.reasons import Failure
from dandelion_operator.api.resource import NamespacedName
from dandelion_operator.api.status.training import RunState, Training
from dandelion_operator.seen.conclusions.attempts import ATTEMPT_LIMIT, JOB_LOST, OF_INFRASTRUCTURE
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import JobSeen, Progress
from dandelion_operator.seen.versions import RegistrySeen, VersionSeen


@dataclass(frozen=True)
class LastRun:
    run: str
    training_hash: str
    state: RunState
    lost: bool = False
    job_name: str | None = None
    fingerprint: str | None = None
    retrain: str | None = None
    trigger: str | None = None
    trigger_message: str | None = None
    decided: str | None = None
    started: str | None = None
    finished: str | None = None
    reason: str | None = None
    message: str | None = None
    waiting: Failure | None = None
    version: VersionSeen | None = None
    attempts: int = 1
    execution: str | None = None
    searching: bool = False  # its newest Job searches, and does not train
    searched: bool = True  # there are no trials left to do


def last_run(key: NamespacedName, observed: Observed, training_hash: str) -> LastRun | None:
    remembered = observed.previous.training
    job = _newest_job(observed.jobs, remembered)
    if job is not None:
        return _of_job(job, remembered, observed)
    if remembered is None:
        return _of_registry(key, observed)
    last = _of_memory(key, remembered, observed)
    if last.lost and last.training_hash != training_hash:
        # A run that was stopped half-way for a newer spec is no run: the finished one before it
        # counts, so that taking an edit back does not train the same thing a second time.
        return _of_registry(key, observed) or last
    return last


def ended_at(observed: Observed, last: LastRun) -> str | None:
    """None where nothing tells the moment, or it has not come."""
    remembered = observed.previous.training
    if last.finished is None and remembered is not None and remembered.run == last.run:
        return remembered.finished_at
    return last.finished


def may_be_repeated(last: LastRun) -> bool:
    """Whether another attempt at a failed run may help without anybody changing anything."""
    return last.reason in OF_INFRASTRUCTURE and last.attempts < ATTEMPT_LIMIT


def _newest_job(jobs: tuple[JobSeen, ...], remembered: Training | None) -> JobSeen | None:
    live = sorted(
        (job for job in jobs if not job.deleting),
        key=lambda job: (job.created, job.attempt, not job.searches),
    )
    if not live:
        return None
    newest = live[-1]
    if remembered is None:
        return newest
    if newest.run == remembered.run:
        # What was searched for is trained already, by a Job that is gone.
        outlived = newest.searches and remembered.job_name not in (None, newest.name)
        known = newest.attempt == remembered.attempts and outlived
        return newest if newest.attempt >= remembered.attempts and not known else None
    made_later = remembered.started_at is None or newest.created >= remembered.started_at
    return newest if made_later else None


def _of_job(job: JobSeen, remembered: Training | None, observed: Observed) -> LastRun:
    version, state = _version(observed, job.run), job.state
    # A look at which MLflow does not answer does not take back what one before it saw.
    known = (
        remembered is not None
        and remembered.run == job.run
        and remembered.state is RunState.SUCCEEDED
    )
    if version is not None or known:
        state = RunState.SUCCEEDED  # what the Job does from here on is tidying up
    elif job.searches and state is RunState.SUCCEEDED:
        state = RunState.PENDING  # its training is next
    reason, message = job.reason, job.message
    if state is RunState.FAILED and reason is None:
        # Its pod is gone, and the termination message with it; the run's status.json, or what was
        # made of either before, remains.
        reported: Progress | Training = _progress(observed, job.run)
        if reported.reason is None and remembered is not None and remembered.run == job.run:
            reported = remembered
        reason, message = reported.reason, reported.message or message
    return LastRun(
        run=job.run,
        training_hash=job.training_hash,
        state=state,
        job_name=job.name,
        fingerprint=job.fingerprint,
        retrain=job.retrain,
        trigger=job.trigger,
        trigger_message=job.trigger_message,
        decided=job.decided,
        started=job.created,
        finished=job.finished,
        reason=reason,
        message=message,
        waiting=job.waiting if state is RunState.PENDING else None,
        version=version,
        attempts=job.attempt,
        execution=job.execution,
        searching=job.searches,
        searched=not job.searches or job.state is RunState.SUCCEEDED,
    )


def _of_memory(key: NamespacedName, remembered: Training, observed: Observed) -> LastRun:
    version = _version(observed, remembered.run)
    progress = _progress(observed, remembered.run)
    reported = {"succeeded": RunState.SUCCEEDED, "failed": RunState.FAILED}.get(
        progress.state or ""
    )
    if version is not None or remembered.state is RunState.SUCCEEDED:
        state = RunState.SUCCEEDED
    elif remembered.state is RunState.FAILED:
        state = RunState.FAILED
    else:
        state = reported or remembered.state
    reason, message = remembered.reason, remembered.message
    if not state.finished and remembered.attempts >= ATTEMPT_LIMIT:
        state, reason = RunState.FAILED, JOB_LOST
        message = (
            f"its Job was gone {ATTEMPT_LIMIT} times before its end could be read: see who "
            "deletes Jobs, then annotate dandelion.dev/retrain"
        )
    failed = state is RunState.FAILED
    search_job = naming.search_job(key, remembered.run, remembered.attempts)
    searching = remembered.job_name == search_job
    return LastRun(
        run=remembered.run,
        training_hash=remembered.training_hash,
        state=state,
        lost=not state.finished,
        job_name=remembered.job_name,
        fingerprint=remembered.dataset_fingerprint,
        retrain=remembered.retrain,
        trigger=remembered.trigger,
        trigger_message=remembered.trigger_message,
        decided=remembered.decided_at,
        started=remembered.started_at,
        finished=remembered.finished_at,
        reason=reason or (progress.reason if failed else None),
        message=message or (progress.message if failed else None),
        version=version,
        attempts=remembered.attempts,
        execution=remembered.execution,
        searching=searching,
        searched=not searching,
    )


def _of_registry(key: NamespacedName, observed: Observed) -> LastRun | None:
    if not isinstance(observed.registry, RegistrySeen):
        return None
    newest = next(
        (item for item in observed.registry.versions if item.run and item.training_hash), None
    )
    if newest is None:
        return None
    return LastRun(
        run=newest.run,
        training_hash=newest.training_hash,
        state=RunState.SUCCEEDED,
        job_name=naming.job(key, newest.run),
        version=newest,
    )


def _version(observed: Observed, run: str) -> VersionSeen | None:
    if isinstance(observed.registry, RegistrySeen):
        return observed.registry.of_run(run)
    return None


def _progress(observed: Observed, run: str) -> Progress:
    return observed.progress if observed.progress.run == run else Progress()
