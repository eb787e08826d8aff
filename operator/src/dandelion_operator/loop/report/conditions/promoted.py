"""Promoted: what became of the newest version that was trained for this spec."""

from __future__ import annotations

from collections.abc import Sequence

from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.reasons.facts import FALSE, TRUE, UNKNOWN
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status.conditions import ConditionType
from dandelion_operator.loop.decide.plan import Plan, Refusal
from dandelion_operator.loop.decide.plan.jobs import StartEvaluation
from dandelion_operator.loop.decide.plan.versions import (
    BeginRestoring,
    ConfirmAlias,
    EndRestoring,
    RegisterVersion,
    RemoveAlias,
    SetAlias,
    SetVerdict,
)
from dandelion_operator.loop.report.conditions.builder import PartialCondition
from dandelion_operator.seen.conclusions.candidate import newest_of_training_hash
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.versions import ContractSeen, Verdict, VersionSeen

NAMED = 5
NOT_DONE = ("", Verdict.PASSED, Verdict.PROMOTING)
REGISTRY_WRITES = (
    SetVerdict,
    SetAlias,
    RemoveAlias,
    ConfirmAlias,
    BeginRestoring,
    RegisterVersion,
    EndRestoring,
)


def promoted(
    resource: Resource, observed: Observed, plan: Plan, refusals: Sequence[Refusal]
) -> PartialCondition:
    registry = observed.registry
    if isinstance(registry, Failure):
        return UNKNOWN, Reason.REGISTRY_UNREACHABLE, registry.message
    waiting = plan.promote.waiting
    if waiting is not None and waiting.reason is Reason.REGISTRY_LOST:
        return UNKNOWN, waiting.reason, waiting.message
    obstacle = plan.rollout.obstacle
    if obstacle is not None and obstacle.reason is Reason.ARTIFACT_REJECTED:
        return FALSE, Reason.ARTIFACT_REJECTED, obstacle.message
    for refusal in refusals:
        if isinstance(refusal.action, StartEvaluation) and refusal.name_taken:
            return UNKNOWN, Reason.NAME_TAKEN, refusal.message
        if isinstance(refusal.action, StartEvaluation):
            return (
                UNKNOWN,
                Reason.EVALUATION_RUNNING,
                f"the Job that compares the newest version with the champion is refused: "
                f"{refusal.message}",
            )
        if isinstance(refusal.action, REGISTRY_WRITES):
            return UNKNOWN, Reason.REGISTRY_UNREACHABLE, f"tried again: {refusal.message}"
    newest = newest_of_training_hash(resource, registry)
    champion = registry.version(registry.champion)
    if newest is not None and (champion is None or newest.version > champion.version):
        verdict = _verdict(resource, newest, observed, champion, plan)
        if verdict is not None:
            return verdict
    if champion is not None:
        silent = _never_answered(observed, champion.version)
        return TRUE, Reason.VERSION_PROMOTED, f"version {champion.version} is the champion{silent}"
    if obstacle is not None:
        return obstacle.reason.status(ConditionType.PROMOTED), obstacle.reason, obstacle.message
    return FALSE, Reason.NO_VERSION, "no version has been registered yet"


def _never_answered(observed: Observed, version: int) -> str:
    contract = observed.artifacts.get(version)
    names = contract.never_answered if isinstance(contract, ContractSeen) else ()
    if not names:
        return ""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"; classes that it gave to no holdout image: {', '.join(names[:NAMED])}{more}"


def _verdict(
    resource: Resource,
    newest: VersionSeen,
    observed: Observed,
    champion: VersionSeen | None,
    plan: Plan,
) -> PartialCondition | None:
    stays = f"; version {champion.version} stays the champion" if champion else ""
    if champion is None and observed.deployment is not None:
        stays = f"; {observed.goes_on}"
    if newest.verdict == Verdict.REJECTED:
        return (
            FALSE,
            Reason.GATE_FAILED,
            f"version {newest.version}: {newest.verdict_reason}{stays}",
        )
    if newest.verdict == Verdict.UNDECIDED:
        return (
            UNKNOWN,
            Reason.UNDECIDED,
            f"version {newest.version}: {newest.verdict_reason}{stays}; to promote it all the "
            f"same, set the alias champion to version {newest.version}",
        )
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
    if newest.verdict in NOT_DONE and resource.spec.suspend:
        done = "promoted" if newest.verdict == Verdict.PROMOTING else "judged"
        words = f"version {newest.version} is {done} once spec.suspend is false{stays}"
        return UNKNOWN, Reason.SUSPENDED, words
    if plan.promote.waiting is not None:
        reason = plan.promote.waiting.reason
        return reason.status(ConditionType.PROMOTED), reason, f"{plan.promote.message}{stays}"
    return None
