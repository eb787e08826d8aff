"""Promote?: the comparison that a verdict needs, and what it takes to have it made.

Training compares its model with the champion of its moment, so most often the comparison is there.
Where the champion moved meanwhile, a small Job makes it. An ordered list of facts: the first that
holds decides.
"""

from __future__ import annotations

from dataclasses import dataclass, replace

from dandelion_operator.api import digests, naming
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status.training import RunState
from dandelion_operator.loop.decide.gate.facts import Facts
from dandelion_operator.loop.decide.plan.actions import Action
from dandelion_operator.loop.decide.plan.decisions import PromoteDecision
from dandelion_operator.loop.decide.plan.jobs import (
    RemoveJob,
    StartEvaluation,
    SuspendJob,
)
from dandelion_operator.seen.comparison import (
    Comparison,
    ComparisonName,
    PairedCounts,
    PairedMacroF1,
)
from dandelion_operator.seen.conclusions.attempts import (
    ATTEMPT_LIMIT,
    OF_INFRASTRUCTURE,
    next_attempt,
)
from dandelion_operator.seen.conclusions.candidate import (
    comparison_name,
    newest_of_training_hash,
    opponent,
)
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.training import EvaluationJobSeen
from dandelion_operator.seen.versions import ContractSeen, RegistrySeen, VersionSeen

KEPT_JOBS = 3


@dataclass(frozen=True)
class NotComparable:
    """There is no comparison, and none can be made: the gate says what that means."""


@dataclass(frozen=True)
class Pair:
    """A version that awaits its verdict, the champion, and how far their comparison is."""

    facts: Facts
    version: VersionSeen
    champion: VersionSeen
    name: ComparisonName

    @property
    def evaluation(self) -> str:
        return digests.evaluation(self.name.dataset, self.name.challenger, self.name.champion)

    @property
    def job(self) -> EvaluationJobSeen | None:
        """The newest attempt."""
        own = (job for job in self.facts.observed.evaluations if job.evaluation == self.evaluation)
        return max(own, key=lambda job: job.attempt, default=None)

    def waits(
        self, reason: Reason, words: str, actions: tuple[Action, ...] = ()
    ) -> PromoteDecision:
        message = f"version {self.version.version} is not judged yet: {words}"
        return PromoteDecision(message, waiting=Failure(reason, words), actions=actions)


Answer = Comparison | NotComparable | PromoteDecision


def compared(facts: Facts, version: VersionSeen) -> Answer:
    """The comparison with the champion, or what to do until there is one."""
    champion = opponent(facts.registry, version)
    name = comparison_name(version, champion) if champion is not None else None
    if champion is None or name is None:
        return NotComparable()
    pair = Pair(facts, version, champion, name)
    for fact in (
        it_was_not_looked_for,
        no_class_is_shared,
        it_cannot_be_read,
        it_is_there,
        the_champion_cannot_be_read_yet,
        the_champion_is_broken,
        the_run_has_not_ended,
        its_job_is_leaving,
        infrastructure_ended_its_job,
        its_job_ended_without_it,
        its_job_is_suspended,
        its_job_runs,
    ):
        answer = fact(pair)
        if answer is not None:
            return answer
    return start(pair)


def it_was_not_looked_for(pair: Pair) -> Answer | None:
    return None if pair.name in pair.facts.observed.comparisons else PromoteDecision()


def it_cannot_be_read(pair: Pair) -> Answer | None:
    found = pair.facts.observed.comparisons[pair.name]
    return pair.waits(found.reason, found.message) if isinstance(found, Failure) else None


def it_is_there(pair: Pair) -> Answer | None:
    found = pair.facts.observed.comparisons[pair.name]
    return found if isinstance(found, Comparison) else None


def the_champion_cannot_be_read_yet(pair: Pair) -> Answer | None:
    artifact = pair.facts.observed.artifacts.get(pair.champion.version)
    if artifact is None:
        return PromoteDecision()
    if isinstance(artifact, Failure) and artifact.reason is not Reason.ARTIFACT_REJECTED:
        return pair.waits(artifact.reason, artifact.message)
    return None


def the_champion_is_broken(pair: Pair) -> Answer | None:
    """No verdict either: its files may be put back.

    What is not even the champion any more keeps nothing from taking its place.
    """
    artifact = pair.facts.observed.artifacts.get(pair.champion.version)
    if not isinstance(artifact, Failure):
        return None
    if pair.facts.registry.champion != pair.champion.version:
        return NotComparable()
    words = (
        f"it cannot be compared with champion {pair.champion.version}: {artifact.message}; put its "
        f"files back, or set the alias champion to version {pair.version.version}"
    )
    return pair.waits(artifact.reason, words)


def no_class_is_shared(pair: Pair) -> Answer | None:
    """Known without looking at an image."""
    artifacts = pair.facts.observed.artifacts
    ours, theirs = (
        artifact.classes if isinstance(artifact, ContractSeen) else ()
        for artifact in (
            artifacts.get(pair.version.version),
            artifacts.get(pair.champion.version),
        )
    )
    if not ours or not theirs or set(ours) & set(theirs):
        return None
    return Comparison(PairedCounts(0, 0, 0, 0), PairedMacroF1(0, 0), gained=ours, lost=theirs)


def the_run_has_not_ended(pair: Pair) -> Answer | None:
    """A run that has registered its version may still be writing."""
    going_on = any(
        job.run == pair.version.run and not (job.state.finished or job.deleting)
        for job in pair.facts.observed.jobs
    )
    if not going_on:
        return None
    return pair.waits(Reason.EVALUATION_RUNNING, f"run {pair.version.run} has not ended yet")


def its_job_is_leaving(pair: Pair) -> Answer | None:
    if pair.job is None or not pair.job.deleting:
        return None
    words = f"waiting until the Job {pair.job.name} is gone"
    return pair.waits(Reason.EVALUATION_RUNNING, words)


def infrastructure_ended_its_job(pair: Pair) -> Answer | None:
    """It is made again after a pause that grows, a bounded number of times."""
    job = pair.job
    if job is None or job.state is not RunState.FAILED or job.gate != pair.facts.gate:
        return None
    if job.reason not in OF_INFRASTRUCTURE or job.attempt >= ATTEMPT_LIMIT:
        return None
    due = next_attempt(job.finished, job.attempt)
    if pair.facts.observed.now >= due:
        return start(pair, job.attempt + 1)
    words = (
        f"the Job {job.name} failed: {job.reason}: {job.message or 'it failed'}; attempt "
        f"{job.attempt + 1} of at most {ATTEMPT_LIMIT} begins at {due}"
    )
    return replace(pair.waits(Reason.EVALUATION_RUNNING, words), not_before=due)


def its_job_ended_without_it(pair: Pair) -> Answer | None:
    """Under other rules it is tried again; under the same it stays failed."""
    job = pair.job
    if job is None or not job.state.finished:
        return None
    if job.gate != pair.facts.gate:
        words = f"the Job {job.name} is made anew for the changed spec.promotion"
        return pair.waits(Reason.EVALUATION_RUNNING, words, (RemoveJob(job.name),))
    if job.state is RunState.FAILED:
        cause = f"{job.reason or 'InternalError'}: {job.message or 'it failed'}"
    else:
        cause = "it ended, but the comparison is not there"
    words = (
        f"the Job {job.name} compares it with champion {pair.champion.version}: {cause}; delete "
        f"the Job to try again"
    )
    return pair.waits(Reason.EVALUATION_FAILED, words)


def its_job_is_suspended(pair: Pair) -> Answer | None:
    job = pair.job
    if job is None or not job.suspension.ours:
        return None
    words = f"the Job {job.name} goes on"
    return pair.waits(Reason.EVALUATION_RUNNING, words, (SuspendJob(job.name, suspend=False),))


def its_job_runs(pair: Pair) -> Answer | None:
    job = pair.job
    if job is None:
        return None
    held_up = f" ({job.message})" if job.message else ""
    words = f"the Job {job.name} compares it with champion {pair.champion.version}{held_up}"
    return pair.waits(Reason.EVALUATION_RUNNING, words)


def start(pair: Pair, attempt: int = 1) -> PromoteDecision:
    denied = pair.facts.image_denied
    if denied is not None:
        return pair.waits(denied.reason, denied.message)
    evaluation = pair.evaluation
    action = StartEvaluation(
        evaluation=evaluation,
        dataset=pair.name.dataset,
        challenger=pair.version.target,
        champion=pair.champion.target,
        run=pair.version.run,
        gate=pair.facts.gate,
        attempt=attempt,
    )
    name = naming.evaluation_job(pair.facts.resource.key, evaluation, attempt)
    return pair.waits(Reason.EVALUATION_RUNNING, f"the Job {name} is being started", (action,))


def suspended(facts: Facts) -> PromoteDecision | None:
    """spec.suspend holds a comparison back like a run."""
    running = [
        job
        for job in facts.observed.evaluations
        if job.in_flight and job.state is not RunState.SUSPENDED and not job.suspension.undone_by
    ]
    if not facts.resource.spec.suspend or not running:
        return None
    return PromoteDecision(actions=tuple(SuspendJob(job.name, suspend=True) for job in running))


def outlived_evaluations(resource: Resource, observed: Observed) -> tuple[RemoveJob, ...]:
    """Those that nobody waits for any more, and finished ones beyond a few.

    The one for the newest version stays: a failed one is what keeps it from being tried again.
    """
    if isinstance(observed.registry, Failure):
        return ()
    wanted = _wanted(resource, observed.registry)
    jobs = [job for job in observed.evaluations if not job.deleting and job.evaluation != wanted]
    newest_first = sorted(jobs, key=lambda job: (job.created, job.name), reverse=True)
    finished = [job for job in newest_first if job.state.finished]
    obsolete = [job for job in newest_first if not job.state.finished]
    return tuple(RemoveJob(job.name) for job in (*obsolete, *finished[KEPT_JOBS:]))


def _wanted(resource: Resource, registry: RegistrySeen) -> str:
    newest = newest_of_training_hash(resource, registry)
    champion = opponent(registry, newest) if newest is not None else None
    if newest is None or champion is None:
        return ""
    name = comparison_name(newest, champion)
    return digests.evaluation(name.dataset, name.challenger, name.champion) if name else ""
