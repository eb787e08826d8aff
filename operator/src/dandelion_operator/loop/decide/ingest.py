"""Ingest?: a person asks for the images to be read as they are now, and nothing is trained.

It is a Job of its own. A run and an ingest read one after the other, and the later one grows from
the dataset version of the earlier, so that an image keeps its side. `spec.suspend` is no obstacle:
it holds training and promotion back. An ordered list of facts: the first that holds decides.
"""

from __future__ import annotations

from dataclasses import dataclass

from dandelion_operator.api import digests, naming
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import INGEST_ANNOTATION, Resource
from dandelion_operator.api.status.ingest import Ingest, IngestState
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide.plan.actions import Action
from dandelion_operator.loop.decide.plan.decisions import (
    NO_INGEST,
    Acceptance,
    IngestDecision,
    IngestPhase,
)
from dandelion_operator.loop.decide.plan.jobs import ExpireJob, RemoveJob, StartIngest, SuspendJob
from dandelion_operator.seen.conclusions.attempts import (
    ATTEMPT_LIMIT,
    JOB_LOST,
    OF_INFRASTRUCTURE,
    next_attempt,
)
from dandelion_operator.seen.conclusions.basis import former_dataset, initial_weights
from dandelion_operator.seen.conclusions.last_run import last_run
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import IngestJobSeen

SUCCEEDED = "succeeded"


@dataclass(frozen=True)
class Facts:
    resource: Resource
    observed: Observed
    acceptance: Acceptance

    @property
    def value(self) -> str:
        return self.resource.ingest

    @property
    def known(self) -> Ingest | None:
        """What is remembered of the one that is asked for."""
        known = self.observed.previous.ingest
        return known if known is not None and known.value == self.value else None

    @property
    def job(self) -> IngestJobSeen | None:
        """Its newest attempt."""
        wanted = digests.ingest(self.resource.uid, self.value)
        own = (job for job in self.observed.ingests if job.ingest == wanted)
        return max(own, key=lambda job: job.attempt, default=None)

    @property
    def attempts(self) -> int:
        """How many Jobs it had so far, those that are gone as well."""
        known = self.known.attempts if self.known is not None else 0
        return max(known, self.job.attempt if self.job is not None else 0)

    def at(
        self,
        phase: IngestPhase,
        message: str,
        reason: str | None = None,
        actions: tuple[Action, ...] = (),
        not_before: str = "",
    ) -> IngestDecision:
        return IngestDecision(phase, self.value, reason, message, actions, not_before)


def ingest(resource: Resource, observed: Observed, acceptance: Acceptance) -> IngestDecision:
    facts = Facts(resource, observed, acceptance)
    for fact in (
        nobody_asks_any_more,
        nothing_is_asked_for,
        it_is_dealt_with,
        a_version_is_pinned,
        its_job_is_leaving,
        its_job_has_read_them,
        its_job_failed_for_good,
        its_jobs_were_gone_too_often,
        its_job_goes_on,
        next_attempt_is_not_due,
        not_accepted,
        a_run_has_yet_to_read_them,
        registry_is_unreachable,
    ):
        decision = fact(facts)
        if decision is not None:
            return decision
    return start(facts)


def nobody_asks_any_more(facts: Facts) -> IngestDecision | None:
    before = facts.observed.previous.ingest
    if facts.value or before is None or before.state.finished:
        return None
    words = f"the annotation {INGEST_ANNOTATION} was taken away before it had ended"
    return IngestDecision(IngestPhase.STOPPED, before.value, None, words)


def nothing_is_asked_for(facts: Facts) -> IngestDecision | None:
    return None if facts.value else NO_INGEST


def it_is_dealt_with(facts: Facts) -> IngestDecision | None:
    """One that was stopped may be asked for again by the same value."""
    known = facts.known
    if known is None or not known.state.finished or known.state is IngestState.STOPPED:
        return None
    return NO_INGEST


def a_version_is_pinned(facts: Facts) -> IngestDecision | None:
    pinned = facts.resource.spec.dataset.version
    if pinned is None:
        return None
    return facts.at(
        IngestPhase.REFUSED,
        f"spec.dataset.version names {pinned}, from which runs learn whatever lies at "
        "spec.dataset.storageUri: take it out to have the images read",
    )


def its_job_is_leaving(facts: Facts) -> IngestDecision | None:
    if facts.job is None or not facts.job.deleting:
        return None
    return facts.at(IngestPhase.PENDING, f"waiting until the Job {facts.job.name} is gone")


def its_job_has_read_them(facts: Facts) -> IngestDecision | None:
    """What it found is told by its document, without which a Job does not succeed."""
    if facts.job is None or facts.job.state is not RunState.SUCCEEDED:
        return None
    found = facts.observed.ingest_progress
    if found.state == SUCCEEDED and found.dataset is not None:
        return facts.at(IngestPhase.COMPLETE, "")
    words = f"the Job {facts.job.name} has read the images; what it found is not read yet"
    return facts.at(IngestPhase.FOLLOW, words)


def its_job_failed_for_good(facts: Facts) -> IngestDecision | None:
    job = facts.job
    if job is None or job.state is not RunState.FAILED or _may_be_repeated(job):
        return None
    given_up = job.reason in OF_INFRASTRUCTURE
    words = f"; given up after {job.attempt} attempts" if given_up else ""
    return facts.at(
        IngestPhase.FAILED, (job.message or "it failed") + words, job.reason or "InternalError"
    )


def _may_be_repeated(job: IngestJobSeen) -> bool:
    return job.reason in OF_INFRASTRUCTURE and job.attempt < ATTEMPT_LIMIT


def its_jobs_were_gone_too_often(facts: Facts) -> IngestDecision | None:
    if facts.job is not None or facts.attempts < ATTEMPT_LIMIT:
        return None
    words = (
        f"its Job was gone {ATTEMPT_LIMIT} times before its end could be read: see who deletes "
        f"Jobs, then write another value into {INGEST_ANNOTATION}"
    )
    return facts.at(IngestPhase.FAILED, words, JOB_LOST)


def its_job_goes_on(facts: Facts) -> IngestDecision | None:
    job = facts.job
    if job is None or job.state.finished:
        return None
    # An operator of before takes it for a run, and suspends it with these.
    resume = (SuspendJob(job.name, suspend=False),) if job.suspension.ours else ()
    if job.waiting is None:
        return facts.at(IngestPhase.FOLLOW, job.message or "", actions=resume)
    reason = job.waiting.reason
    told = None if reason is Reason.TRAINING_PENDING else reason
    return facts.at(IngestPhase.FOLLOW, job.waiting.message, told, resume)


def next_attempt_is_not_due(facts: Facts) -> IngestDecision | None:
    """A Job that is gone is made again at once, the first time."""
    job, known, attempts = facts.job, facts.known, facts.attempts
    if job is None and attempts <= 1:
        return None
    ended = known.started_at if known is not None else None
    if job is not None:
        ended = job.finished or job.created
    due = next_attempt(ended, attempts)
    if facts.observed.now >= due:
        return None
    cause = f"the Job of attempt {attempts} is gone"
    if job is not None:
        cause = f"{job.reason}: {job.message or 'it failed'}"
    words = f"{cause}; attempt {attempts + 1} of at most {ATTEMPT_LIMIT} begins at {due}"
    return facts.at(IngestPhase.PENDING, words, job.reason if job else None, not_before=due)


def not_accepted(facts: Facts) -> IngestDecision | None:
    if facts.acceptance.accepted:
        return None
    return facts.at(IngestPhase.PENDING, facts.acceptance.message, facts.acceptance.reason)


def a_run_has_yet_to_read_them(facts: Facts) -> IngestDecision | None:
    """That is known by the dataset version that it tells."""
    progress = facts.observed.progress
    for job in facts.observed.jobs:
        if job.state.finished or job.deleting:
            continue
        if job.state is RunState.SUSPENDED:
            words = f"run {job.run} is suspended, and reads the images first when it goes on"
            return facts.at(IngestPhase.PENDING, words)
        if progress.run != job.run or progress.dataset is None:
            words = f"the images are read once run {job.run} has read them"
            return facts.at(IngestPhase.PENDING, words)
    return None


def registry_is_unreachable(facts: Facts) -> IngestDecision | None:
    """Where the version before, or what the starting weights learnt from, is known by it alone."""
    registry, known = facts.observed.registry, facts.observed.previous.dataset
    of_champion = facts.resource.spec.training.initial_weights == "champion"
    is_asked = of_champion or known is None or not known.version
    if not (is_asked and isinstance(registry, Failure)):
        return None
    words = f"the images are read once MLflow answers: {registry.message}"
    return facts.at(IngestPhase.PENDING, words, Reason.REGISTRY_UNREACHABLE)


def start(facts: Facts) -> IngestDecision:
    resource, observed = facts.resource, facts.observed
    wanted, attempt = digests.ingest(resource.uid, facts.value), facts.attempts + 1
    training_hash = digests.training_hash(resource)
    last = last_run(resource.key, observed, training_hash)
    done = ""
    if last is not None and (last.training_hash, last.state) == (training_hash, RunState.SUCCEEDED):
        done = last.run
    action = StartIngest(
        ingest=wanted,
        initial_weights=initial_weights(resource, observed),
        former_dataset=former_dataset(observed),
        run=done,
        training_hash=training_hash if done else "",
        attempt=attempt,
    )
    name = naming.ingest_job(resource.key, wanted, attempt)
    return facts.at(IngestPhase.PENDING, f"the Job {name} is being started", actions=(action,))


def outlived_ingests(resource: Resource, observed: Observed) -> tuple[RemoveJob, ...]:
    """All but those of the one that is asked for: the next one of that value is made anew."""
    wanted = digests.ingest(resource.uid, resource.ingest) if resource.ingest else ""
    return tuple(
        RemoveJob(job.name)
        for job in observed.ingests
        if not job.deleting and job.ingest != wanted and (wanted or not job.state.finished)
    )


def expiring_ingests(resource: Resource, observed: Observed) -> tuple[ExpireJob, ...]:
    """Those whose end is recorded, as `train` has it."""
    seconds, known = resource.spec.training.ttl_seconds_after_finished, observed.previous.ingest
    if known is None or not known.state.finished:
        return ()
    return tuple(
        ExpireJob(job.name, seconds)
        for job in observed.ingests
        if job.name == known.job_name and not job.deleting and _expires_otherwise(job, seconds)
    )


def _expires_otherwise(job: IngestJobSeen, seconds: int | None) -> bool:
    """What somebody else set before the operator did stays."""
    if job.expiry is None:
        return seconds is not None and job.ttl_seconds is None
    return job.expiry != seconds
