"""Promoted: what became of the newest version that was trained for this spec."""

from __future__ import annotations

from collections.abc import Sequence

from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.decide.plan import Plan, Refusal, StartEvaluation
from dandelion_operator.loop.report.conditions.builder import FALSE, TRUE, UNKNOWN, PartialCondition
from dandelion_operator.seen.candidate import newest_of_training_hash
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.versions import ContractSeen, RegistrySeen, Verdict, VersionSeen

NAMED = 5


def promoted(
    resource: Resource, observed: Observed, plan: Plan, refusals: Sequence[Refusal]
) -> PartialCondition:
    registry = observed.registry
    if isinstance(registry, Failure):
        return UNKNOWN, Reason.REGISTRY_UNREACHABLE, registry.message
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
    newest = newest_of_training_hash(resource, registry)
    if newest is not None and newest.version > (registry.champion or 0):
        verdict = _verdict(resource, newest, registry, plan)
        if verdict is not None:
            return verdict
    if registry.champion is not None:
        silent = _never_answered(observed, registry.champion)
        return TRUE, Reason.VERSION_PROMOTED, f"version {registry.champion} is the champion{silent}"
    if registry.versions:
        return (
            FALSE,
            Reason.ALIAS_MISSING,
            "no version has the alias champion; set it in MLflow, or train a new version",
        )
    return FALSE, Reason.NO_VERSION, "no version has been registered yet"


def _never_answered(observed: Observed, version: int) -> str:
    contract = observed.artifacts.get(version)
    names = contract.never_answered if isinstance(contract, ContractSeen) else ()
    if not names:
        return ""
    more = f" and {len(names) - NAMED} more" if len(names) > NAMED else ""
    return f"; classes that it gave to no holdout image: {', '.join(names[:NAMED])}{more}"


def _verdict(
    resource: Resource, newest: VersionSeen, registry: RegistrySeen, plan: Plan
) -> PartialCondition | None:
    stays = f"; version {registry.champion} stays the champion" if registry.champion else ""
    if newest.verdict == Verdict.REJECTED:
        broken = newest.verdict_reason.startswith(Reason.ARTIFACT_REJECTED.value)
        reason = Reason.ARTIFACT_REJECTED if broken else Reason.GATE_FAILED
        return FALSE, reason, f"version {newest.version}: {newest.verdict_reason}{stays}"
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
    if not newest.verdict and resource.spec.suspend:
        words = f"version {newest.version} is judged once spec.suspend is false{stays}"
        return UNKNOWN, Reason.SUSPENDED, words
    if plan.promote.waiting is not None:
        return UNKNOWN, plan.promote.waiting.reason, plan.promote.message
    return None
