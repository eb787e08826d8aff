"""Train?: the phase that training is in, by an ordered list of facts: the first that holds."""

from __future__ import annotations

from dataclasses import replace

from dandelion_operator.api import digests
from dandelion_operator.api.reasons import Failure
from dandelion_operator.api.resource import INGEST_ANNOTATION, Resource
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide.plan.decisions import (
    Acceptance,
    TrainDecision,
    TrainingPhase,
)
from dandelion_operator.loop.decide.plan.jobs import ExpireJob, RemoveJob, SuspendJob
from dandelion_operator.loop.decide.train.facts import Facts
from dandelion_operator.loop.decide.train.start import start
from dandelion_operator.seen.conclusions.attempts import (
    ATTEMPT_LIMIT,
    OF_INFRASTRUCTURE,
    next_attempt,
)
from dandelion_operator.seen.conclusions.last_run import LastRun, last_run, may_be_repeated
from dandelion_operator.seen.conclusions.triggers.new_images import next_settled
from dandelion_operator.seen.conclusions.triggers.schedule import next_scheduled
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import DatasetSeen, JobSeen

KEPT_JOBS = 3


def train(resource: Resource, observed: Observed, acceptance: Acceptance) -> TrainDecision:
    training_hash = digests.training_hash(resource)
    facts = Facts(
        resource,
        observed,
        acceptance,
        training_hash,
        last_run(resource.key, observed, training_hash),
    )
    for fact in (
        suspended_while_training,
        last_run_succeeded_for_this,
        suspended,
        wanted_run_is_in_flight,
        not_accepted,
        another_run_is_in_flight,
        a_stopped_run_is_still_leaving,
        last_run_failed_for_this,
        next_attempt_is_not_due,
        registry_is_unreachable,
        the_images_are_being_read,
    ):
        decision = fact(facts)
        if decision is not None:
            return _with_triggers(facts, decision)
    return start(facts)


def _with_triggers(facts: Facts, decision: TrainDecision) -> TrainDecision:
    """And when the clock alone may change it."""
    held = facts.triggers.held
    until = held.until if held is not None else ""
    seen = facts.resource, facts.observed
    upcoming = min({next_scheduled(*seen), next_settled(*seen)} - {""}, default="")
    not_before = decision.not_before or until or upcoming
    return replace(decision, held=held, not_before=not_before)


def suspended_while_training(facts: Facts) -> TrainDecision | None:
    if not (facts.resource.spec.suspend and facts.in_flight):
        return None
    running = [job for job in facts.in_flight if job.state is not RunState.SUSPENDED]
    words = "the run stands still and goes on from its last checkpoint later"
    for job in running:
        if job.suspension.undone_by:
            words = f"{job.suspension.undone_by} resumed the Job {job.name}; it is left running"
    return TrainDecision(
        TrainingPhase.SUSPENDED,
        f"spec.suspend is true: {words}",
        tuple(
            SuspendJob(job.name, suspend=True) for job in running if not job.suspension.undone_by
        ),
    )


def last_run_succeeded_for_this(facts: Facts) -> TrainDecision | None:
    last = facts.last
    if last is None or last.training_hash != facts.training_hash:
        return None
    if last.state is not RunState.SUCCEEDED:
        return None
    stopping = tuple(RemoveJob(job.name) for job in facts.in_flight)
    if facts.triggers.fired is not None and not stopping:
        return None
    words = f"run {last.run} is complete{_held(facts)}{_uncounted(facts)}"
    return TrainDecision(TrainingPhase.COMPLETE, words, stopping)


def suspended(facts: Facts) -> TrainDecision | None:
    if facts.resource.spec.suspend:
        return TrainDecision(
            TrainingPhase.SUSPENDED, "spec.suspend is true: no training is started"
        )
    return None


def wanted_run_is_in_flight(facts: Facts) -> TrainDecision | None:
    job = facts.wanted_in_flight
    if job is None:
        return None
    others = tuple(RemoveJob(other.name) for other in facts.in_flight if other is not job)
    # Only what the operator suspended itself; where somebody else resumed that, the note goes.
    resume = (SuspendJob(job.name, suspend=False),) if job.suspension.ours else ()
    return TrainDecision(TrainingPhase.FOLLOW, f"run {job.run} is in flight", others + resume)


def not_accepted(facts: Facts) -> TrainDecision | None:
    if facts.acceptance.accepted:
        return None
    return TrainDecision(TrainingPhase.HELD_BACK, facts.acceptance.message)


def another_run_is_in_flight(facts: Facts) -> TrainDecision | None:
    if not facts.in_flight:
        return None
    return TrainDecision(
        TrainingPhase.PENDING,
        "the run for an earlier spec is being stopped",
        tuple(RemoveJob(job.name) for job in facts.in_flight),
    )


def a_stopped_run_is_still_leaving(facts: Facts) -> TrainDecision | None:
    if any(job.deleting and not job.lost for job in facts.observed.jobs):
        return TrainDecision(
            TrainingPhase.PENDING, "waiting until the pods of the stopped run are gone"
        )
    return None


def last_run_failed_for_this(facts: Facts) -> TrainDecision | None:
    last = facts.repeatable
    if last is None or last.lost or facts.given_something_else(last):
        return None
    if may_be_repeated(last):
        return None
    given_up = last.reason in OF_INFRASTRUCTURE
    words = f"; given up after {last.attempts} attempts" if given_up else ""
    return TrainDecision(TrainingPhase.FAILED, _cause(last) + words + _held(facts))


def _held(facts: Facts) -> str:
    held = facts.triggers.held
    return f"; {held.words}" if held is not None else ""


def _uncounted(facts: Facts) -> str:
    dataset = facts.observed.dataset
    if not isinstance(dataset, DatasetSeen) or not dataset.uncounted:
        return ""
    what = "images" if dataset.new is None else "addresses"
    return f"; new {what} are not counted: {dataset.uncounted}"


def next_attempt_is_not_due(facts: Facts) -> TrainDecision | None:
    """A lost Job is started again at once, the first time."""
    last = facts.repeatable
    if last is None or facts.given_something_else(last) or (last.lost and last.attempts == 1):
        return None
    due = next_attempt(last.finished or last.started, last.attempts)
    if facts.observed.now >= due:
        return None
    words = f"attempt {last.attempts + 1} of at most {ATTEMPT_LIMIT} begins at {due}"
    cause = f"the Job of attempt {last.attempts} is gone" if last.lost else _cause(last)
    return TrainDecision(TrainingPhase.WAITING, f"{cause}; {words}", not_before=due)


def _cause(last: LastRun) -> str:
    return f"{last.reason or 'InternalError'}: {last.message or 'the run failed'}"


def registry_is_unreachable(facts: Facts) -> TrainDecision | None:
    registry = facts.observed.registry
    if isinstance(registry, Failure):
        return TrainDecision(
            TrainingPhase.PENDING, f"training starts once MLflow answers: {registry.message}"
        )
    return None


def the_images_are_being_read(facts: Facts) -> TrainDecision | None:
    """One dataset version grows from the other, so that an image keeps its side."""
    reading = next((job for job in facts.observed.ingests if job.in_flight), None)
    if reading is None:
        return None
    held_up = f" ({reading.message})" if reading.message else ""
    return TrainDecision(
        TrainingPhase.PENDING,
        f"training starts once the Job {reading.name} has read the images{held_up}; without the "
        f"annotation {INGEST_ANNOTATION} it is stopped",
    )


def expiring_jobs(resource: Resource, observed: Observed) -> tuple[ExpireJob, ...]:
    """Those whose end is recorded: a Job that goes before that would have left no last words."""
    seconds, recorded = (
        resource.spec.training.ttl_seconds_after_finished,
        observed.previous.training,
    )
    if recorded is None:
        return ()
    return tuple(
        ExpireJob(job.name, seconds)
        for job in observed.jobs
        if job.state.finished
        and not job.deleting
        and _expires_otherwise(job, seconds)
        and ((job.run, job.attempt) != (recorded.run, recorded.attempts) or recorded.state.finished)
        and job.created <= (recorded.started_at or "")
    )


def _expires_otherwise(job: JobSeen, seconds: int | None) -> bool:
    """What somebody else set before the operator did stays."""
    if job.expiry is None:
        return seconds is not None and job.ttl_seconds is None
    return job.expiry != seconds


def outlived_jobs(observed: Observed) -> tuple[RemoveJob, ...]:
    """Finished Jobs are kept for their logs, but not without end."""
    finished = [job for job in observed.jobs if job.state.finished and not job.deleting]
    newest_first = sorted(finished, key=lambda job: (job.created, job.name), reverse=True)
    return tuple(RemoveJob(job.name) for job in newest_first[KEPT_JOBS:])
