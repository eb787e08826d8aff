"""Train?: start, follow, suspend, stop or leave alone. First fact that holds decides."""

from __future__ import annotations

from dataclasses import dataclass

from dandelion_operator import digests
from dandelion_operator.last_run import LastRun, last_run
from dandelion_operator.observed import ContractSeen, DatasetSeen, JobSeen, Observed, RegistrySeen
from dandelion_operator.plan import (
    Acceptance,
    Course,
    RemoveJob,
    StartTraining,
    SuspendTraining,
    TrainDecision,
)
from dandelion_operator.reasons import Failure
from dandelion_operator.resource import Resource
from dandelion_operator.status import RunState

KEPT_JOBS = 3


@dataclass(frozen=True)
class Facts:
    resource: Resource
    observed: Observed
    acceptance: Acceptance
    wish: str
    last: LastRun | None

    @property
    def in_flight(self) -> tuple[JobSeen, ...]:
        """A Job whose version is registered has done its work, even if its pod still ends."""
        registry = self.observed.registry
        done = registry if isinstance(registry, RegistrySeen) else RegistrySeen()
        return tuple(
            job
            for job in self.observed.jobs
            if not (job.state.finished or job.deleting or done.of_run(job.run))
        )

    @property
    def wanted_in_flight(self) -> JobSeen | None:
        return next((job for job in self.in_flight if job.wish == self.wish), None)

    @property
    def last_was_for_this(self) -> bool:
        return self.last is not None and self.last.wish == self.wish


def train(resource: Resource, observed: Observed, acceptance: Acceptance) -> TrainDecision:
    wish = digests.wish(resource)
    facts = Facts(resource, observed, acceptance, wish, last_run(resource.key, observed, wish))
    for fact in (
        suspended_while_training,
        last_run_succeeded_for_this,
        suspended,
        wanted_run_is_in_flight,
        not_accepted,
        another_run_is_in_flight,
        a_stopped_run_is_still_leaving,
        last_run_failed_for_this,
        registry_is_unreachable,
    ):
        decision = fact(facts)
        if decision is not None:
            return decision
    return start(facts)


def suspended_while_training(facts: Facts) -> TrainDecision | None:
    if not (facts.resource.spec.suspend and facts.in_flight):
        return None
    running = [job for job in facts.in_flight if job.state is not RunState.SUSPENDED]
    return TrainDecision(
        Course.SUSPENDED,
        "spec.suspend is true: the run stands still and goes on from its last checkpoint later",
        tuple(SuspendTraining(job.name, suspend=True) for job in running),
    )


def last_run_succeeded_for_this(facts: Facts) -> TrainDecision | None:
    last = facts.last
    if last is None or not facts.last_was_for_this or last.state is not RunState.SUCCEEDED:
        return None
    stopping = tuple(RemoveJob(job.name) for job in facts.in_flight)
    return TrainDecision(Course.COMPLETE, f"run {last.run} is complete", stopping)


def suspended(facts: Facts) -> TrainDecision | None:
    if facts.resource.spec.suspend:
        return TrainDecision(Course.SUSPENDED, "spec.suspend is true: no training is started")
    return None


def wanted_run_is_in_flight(facts: Facts) -> TrainDecision | None:
    job = facts.wanted_in_flight
    if job is None:
        return None
    others = tuple(RemoveJob(other.name) for other in facts.in_flight if other is not job)
    resume = (SuspendTraining(job.name, suspend=False),) if job.state is RunState.SUSPENDED else ()
    return TrainDecision(Course.FOLLOW, f"run {job.run} is in flight", others + resume)


def not_accepted(facts: Facts) -> TrainDecision | None:
    if facts.acceptance.accepted:
        return None
    return TrainDecision(Course.HELD_BACK, facts.acceptance.message)


def another_run_is_in_flight(facts: Facts) -> TrainDecision | None:
    if not facts.in_flight:
        return None
    return TrainDecision(
        Course.PENDING,
        "the run for an earlier spec is being stopped",
        tuple(RemoveJob(job.name) for job in facts.in_flight),
    )


def a_stopped_run_is_still_leaving(facts: Facts) -> TrainDecision | None:
    if any(job.deleting for job in facts.observed.jobs):
        return TrainDecision(Course.PENDING, "waiting until the pods of the stopped run are gone")
    return None


def last_run_failed_for_this(facts: Facts) -> TrainDecision | None:
    last = facts.last
    if last is None or not facts.last_was_for_this or last.state is not RunState.FAILED:
        return None
    now = _fingerprint(facts)
    if last.fingerprint and now and last.fingerprint != now:
        return None
    return TrainDecision(
        Course.FAILED, f"{last.reason or 'InternalError'}: {last.message or 'the run failed'}"
    )


def registry_is_unreachable(facts: Facts) -> TrainDecision | None:
    registry = facts.observed.registry
    if isinstance(registry, Failure):
        return TrainDecision(
            Course.PENDING, f"training starts once MLflow answers: {registry.message}"
        )
    return None


def start(facts: Facts) -> TrainDecision:
    last, fingerprint = facts.last, _fingerprint(facts)
    if last is not None and last.lost and facts.last_was_for_this:
        run, fingerprint = last.run, last.fingerprint or fingerprint
    else:
        run = digests.run(facts.wish, fingerprint, last.run if last else "")
    action = StartTraining(
        run=run,
        wish=facts.wish,
        trigger=_trigger(facts),
        fingerprint=fingerprint,
        initial_weights=_initial_weights(facts),
    )
    return TrainDecision(Course.PENDING, f"run {run} is being started", (action,))


def outlived_jobs(observed: Observed) -> tuple[RemoveJob, ...]:
    """Finished Jobs are kept for their logs, but not without end."""
    finished = [job for job in observed.jobs if job.state.finished and not job.deleting]
    newest_first = sorted(finished, key=lambda job: (job.created, job.name), reverse=True)
    return tuple(RemoveJob(job.name) for job in newest_first[KEPT_JOBS:])


def _fingerprint(facts: Facts) -> str:
    dataset = facts.observed.dataset
    return dataset.fingerprint if isinstance(dataset, DatasetSeen) else ""


def _trigger(facts: Facts) -> str:
    last = facts.last
    if last is None:
        return "Created"
    if facts.last_was_for_this:
        return (last.trigger or "Created") if last.lost else "DatasetChanged"
    if facts.resource.retrain != (last.retrain or "") and last.wish == digests.wish_of(
        facts.resource.spec, last.retrain or ""
    ):
        return "RetrainRequested"
    return "SpecChanged"


def _initial_weights(facts: Facts) -> str:
    wanted = facts.resource.spec.training.initial_weights
    registry = facts.observed.registry
    if wanted != "champion":
        return wanted
    if isinstance(registry, RegistrySeen) and registry.champion is not None:
        champion = registry.version(registry.champion)
        sound = facts.observed.artifacts.get(registry.champion)
        if champion is not None and isinstance(sound, ContractSeen):
            return f"{champion.source.rstrip('/')}/model.safetensors"
    return "none"
