"""The five conditions of a ModelDeployment, each an ordered list of facts: the first that holds."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from dandelion_operator import naming
from dandelion_operator.candidate import newest_of_wish
from dandelion_operator.last_run import LastRun
from dandelion_operator.observed import Observed, RegistrySeen, Verdict, VersionSeen
from dandelion_operator.plan import (
    AdjustDeployment,
    ApplyAccount,
    ApplyDeployment,
    ApplyService,
    BindTokenReviewers,
    Course,
    Plan,
    RefreshSecret,
    Refusal,
    StartTraining,
)
from dandelion_operator.reasons import Failure, Reason
from dandelion_operator.resource import Resource
from dandelion_operator.status import Condition, ConditionType, RunState, Status

TRUE, FALSE, UNKNOWN = "True", "False", "Unknown"
MESSAGE_LIMIT = 1024

CHILDREN = (ApplyDeployment, ApplyService, ApplyAccount, AdjustDeployment)
SERVING_SECRETS = (RefreshSecret(naming.INFERENCE), RefreshSecret(naming.LOG))

Told = tuple[str, Reason, str]


@dataclass(frozen=True)
class Teller:
    """Makes a condition; the transition time moves only when True/False/Unknown does."""

    previous: Status
    generation: int
    now: str

    def __call__(self, kind: ConditionType, status: str, reason: Reason, message: str) -> Condition:
        before = self.previous.condition(kind)
        unchanged = before is not None and before.status == status
        return Condition(
            type=kind,
            status=status,
            reason=reason.value,
            message=message[:MESSAGE_LIMIT],
            observed_generation=self.generation,
            last_transition_time=before.last_transition_time if before and unchanged else self.now,
        )


def conditions(
    resource: Resource,
    observed: Observed,
    plan: Plan,
    last: LastRun | None,
    refusals: Sequence[Refusal],
    now: str,
) -> tuple[Condition, ...]:
    teller = Teller(observed.previous, resource.generation, now)
    acceptance = plan.acceptance
    accepted: Told = (
        TRUE if acceptance.accepted else FALSE,
        acceptance.reason,
        acceptance.message,
    )
    told = {
        ConditionType.ACCEPTED: accepted,
        ConditionType.TRAINED: trained(observed, plan, last, refusals),
        ConditionType.PROMOTED: promoted(resource, observed, plan),
        ConditionType.ROLLED_OUT: rolled_out(resource, observed, plan, refusals),
    }
    told[ConditionType.READY] = ready(resource, observed, plan, told)
    return tuple(teller(kind, *words) for kind, words in told.items())


def trained(
    observed: Observed, plan: Plan, last: LastRun | None, refusals: Sequence[Refusal]
) -> Told:
    decision = plan.train
    failed = last is not None and last.state is RunState.FAILED
    for refusal in refusals:
        if isinstance(refusal.action, StartTraining):
            return UNKNOWN, Reason.TRAINING_PENDING, f"the Job is refused: {refusal.message}"
        if refusal.action == RefreshSecret("training"):
            return UNKNOWN, Reason.TRAINING_PENDING, f"a Secret is refused: {refusal.message}"
    match decision.course:
        case Course.COMPLETE:
            return TRUE, Reason.TRAINING_COMPLETE, decision.message
        case Course.FAILED:
            return FALSE, Reason.TRAINING_FAILED, decision.message
        case Course.SUSPENDED:
            return UNKNOWN, Reason.SUSPENDED, decision.message
        case Course.FOLLOW if last is not None and last.state is RunState.RUNNING:
            progress = observed.progress
            stage = f", {progress.stage}" if progress.stage else ""
            return (
                UNKNOWN,
                Reason.TRAINING_RUNNING,
                f"run {last.run}{stage}: {progress.percent}%",
            )
        case Course.FOLLOW:
            cause = (last.message if last else None) or "waiting for its pod to start"
            return UNKNOWN, Reason.TRAINING_PENDING, cause
        case Course.HELD_BACK if failed and last is not None:
            return (
                FALSE,
                Reason.TRAINING_FAILED,
                f"{last.reason or 'InternalError'}: {last.message or 'the run failed'}",
            )
        case Course.HELD_BACK:
            return UNKNOWN, Reason.NOT_STARTED, decision.message
        case Course.PENDING:
            return UNKNOWN, Reason.TRAINING_PENDING, decision.message


def promoted(resource: Resource, observed: Observed, plan: Plan) -> Told:
    registry = observed.registry
    if isinstance(registry, Failure):
        return UNKNOWN, Reason.REGISTRY_UNREACHABLE, registry.message
    obstacle = plan.rollout.obstacle
    if obstacle is not None and obstacle.reason is Reason.ARTIFACT_REJECTED:
        return FALSE, Reason.ARTIFACT_REJECTED, obstacle.message
    newest = newest_of_wish(resource, registry)
    if newest is not None and newest.version > (registry.champion or 0):
        verdict = _verdict(resource, newest, registry, plan)
        if verdict is not None:
            return verdict
    if registry.champion is not None:
        return TRUE, Reason.VERSION_PROMOTED, f"version {registry.champion} is the champion"
    if registry.versions:
        return (
            FALSE,
            Reason.ALIAS_MISSING,
            "no version has the alias champion; set it in MLflow, or train a new version",
        )
    return FALSE, Reason.NO_VERSION, "no version has been registered yet"


def _verdict(
    resource: Resource, newest: VersionSeen, registry: RegistrySeen, plan: Plan
) -> Told | None:
    stays = f"; version {registry.champion} stays the champion" if registry.champion else ""
    if newest.verdict == Verdict.REJECTED:
        broken = newest.verdict_reason.startswith(Reason.ARTIFACT_REJECTED.value)
        reason = Reason.ARTIFACT_REJECTED if broken else Reason.GATE_FAILED
        return FALSE, reason, f"version {newest.version}: {newest.verdict_reason}{stays}"
    if newest.verdict == Verdict.AWAITING:
        return (
            UNKNOWN,
            Reason.AWAITING_APPROVAL,
            f"version {newest.version} passed ({newest.verdict_reason}); to promote it, set the "
            f"alias champion to version {newest.version}{stays}",
        )
    if newest.verdict == Verdict.OBSERVED:
        return (
            UNKNOWN,
            Reason.OBSERVE_ONLY,
            f"version {newest.version} {newest.verdict_reason}{stays}",
        )
    if not newest.verdict and resource.spec.suspend:
        words = f"version {newest.version} is judged once spec.suspend is false{stays}"
        return UNKNOWN, Reason.SUSPENDED, words
    if plan.promote.waiting is not None:
        return UNKNOWN, plan.promote.waiting.reason, plan.promote.message
    return None


def rolled_out(
    resource: Resource, observed: Observed, plan: Plan, refusals: Sequence[Refusal]
) -> Told:
    target, obstacle = plan.rollout.target, plan.rollout.obstacle
    for refusal in refusals:
        if isinstance(refusal.action, BindTokenReviewers):
            return FALSE, Reason.AUTH_UNAVAILABLE, refusal.message
        if isinstance(refusal.action, CHILDREN) or refusal.action in SERVING_SECRETS:
            return FALSE, Reason.CHILD_REFUSED, refusal.message
    if obstacle is not None and obstacle.reason not in (
        Reason.REGISTRY_UNREACHABLE,
        Reason.ALIAS_MISSING,
    ):
        return UNKNOWN if obstacle.may_pass else FALSE, obstacle.reason, obstacle.message
    deployment = observed.deployment
    if target is None or deployment is None:
        if obstacle is not None:
            return UNKNOWN if obstacle.may_pass else FALSE, obstacle.reason, obstacle.message
        return UNKNOWN, Reason.PROGRESSING, "the Deployment is being created"
    if resource.spec.serving.replicas == 0 and observed.serves_only(target):
        return TRUE, Reason.SCALED_TO_ZERO, "serving.replicas is 0"
    count = f"{deployment.available} of {deployment.wanted_replicas} replicas"
    if observed.serves_only(target):
        return TRUE, Reason.REPLICAS_AVAILABLE, f"{count} serve version {target.version}"
    return _unfinished(observed, target.version)


def _unfinished(observed: Observed, version: int) -> Told:
    deployment = observed.deployment
    assert deployment is not None
    new = [pod for pod in observed.pods if pod.version == version and not pod.deleting]
    serving = sum(pod.ready for pod in new)
    words = f"{serving} of {deployment.wanted_replicas} replicas serve version {version}"
    leaving = sum(pod.version != version for pod in observed.pods)
    if leaving:
        words += f", {leaving} of another version left"
    troubled = next((pod for pod in new if not pod.ready and pod.reason), None)
    if troubled is not None:
        words += f"; pod {troubled.name}: {troubled.reason}: {troubled.message or ''}".rstrip(": ")
    elif deployment.refused:
        words += f"; {deployment.refused}"
    if troubled is not None and troubled.permanent:
        return FALSE, Reason.ARTIFACT_REJECTED, words
    if deployment.deadline_exceeded:
        return FALSE, Reason.PROGRESS_DEADLINE_EXCEEDED, words
    return UNKNOWN, Reason.PROGRESSING, words


def ready(
    resource: Resource, observed: Observed, plan: Plan, told: dict[ConditionType, Told]
) -> Told:
    target, answer = plan.rollout.target, observed.answer
    rolled = told[ConditionType.ROLLED_OUT]
    if observed.deployment is not None and resource.spec.serving.replicas == 0:
        return FALSE, Reason.SCALED_TO_ZERO, "serving.replicas is 0: nothing answers"
    if answer is not None and answer.version is not None and target is not None:
        words = f"version {answer.version} answers"
        if rolled[0] == TRUE and answer.version == target.version:
            return TRUE, Reason.SERVING, words
        before = observed.previous.condition(ConditionType.READY)
        if before is not None and before.status == TRUE:
            more = f"; {rolled[2]}" if rolled[0] != TRUE else ""
            return TRUE, Reason.SERVING, words + more
    # The earliest link of the chain that is broken is the cause of all that come after it.
    nothing_deployed = observed.deployment is None
    chain = (ConditionType.ACCEPTED, ConditionType.TRAINED, ConditionType.PROMOTED)
    for kind in (
        (*chain, ConditionType.ROLLED_OUT) if nothing_deployed else (ConditionType.ROLLED_OUT,)
    ):
        status, reason, message = told[kind]
        if status != TRUE:
            return FALSE, reason, message
    return FALSE, Reason.NOT_ANSWERING, answer.message if answer else "no replica is ready"
