"""Promote?: evaluate the gate once a version, move the alias, or follow whoever moved it.

A promotion is three writes: the verdict `promoting`, the alias, the verdict `promoted`. The last
one waits until the history holds its entry, so a crash between any two of them is picked up where
it was, and the entry tells who moved the alias.
"""

from __future__ import annotations

from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.spec import PromotionMode
from dandelion_operator.loop.decide.gate.compare import NotComparable, compared, suspended
from dandelion_operator.loop.decide.gate.evaluate import evaluate_gate
from dandelion_operator.loop.decide.gate.facts import Facts
from dandelion_operator.loop.decide.gate.verdict import Outcome
from dandelion_operator.loop.decide.plan import (
    Action,
    PromoteDecision,
    RemoveAlias,
    SetAlias,
    SetVerdict,
)
from dandelion_operator.seen.candidate import candidate
from dandelion_operator.seen.comparison import Comparison
from dandelion_operator.seen.identity import is_own
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.versions import ContractSeen, Verdict, VersionSeen

CHAMPION, CHALLENGER = "champion", "challenger"


def promote(resource: Resource, observed: Observed) -> PromoteDecision:
    if isinstance(observed.registry, Failure):
        return PromoteDecision(observed.registry.message, waiting=observed.registry)
    facts = Facts(resource, observed, observed.registry)
    for fact in (
        suspended,
        the_history_has_an_entry_but_the_version_no_verdict,
        a_promotion_was_begun,
        a_version_has_no_verdict_yet,
    ):
        decision = fact(facts)
        if decision is not None:
            return decision
    return PromoteDecision()


def the_history_has_an_entry_but_the_version_no_verdict(facts: Facts) -> PromoteDecision | None:
    champion = facts.registry.version(facts.registry.champion)
    if champion is None or facts.observed.previous.followed != str(champion.version):
        return None
    actions: list[Action] = []
    if champion.verdict != Verdict.PROMOTED:
        by_gate = champion.verdict == Verdict.PROMOTING
        reason = champion.verdict_reason if by_gate else "the alias champion was set by a person"
        actions.append(
            SetVerdict(
                champion.version, Verdict.PROMOTED, reason, facts.gate, replaces=champion.replaces
            )
        )
    if facts.registry.challenger == champion.version:
        actions.append(RemoveAlias(CHALLENGER))
    return PromoteDecision(actions=tuple(actions)) if actions else None


def a_promotion_was_begun(facts: Facts) -> PromoteDecision | None:
    begun = next(
        (
            item
            for item in facts.registry.versions
            if item.verdict == Verdict.PROMOTING and is_own(facts.resource, facts.observed, item)
        ),
        None,
    )
    champion = facts.registry.alias
    if begun is None or begun.version == champion:
        return None
    if begun.replaces == _text(champion):
        return PromoteDecision(actions=(SetAlias(CHAMPION, begun.version),))
    reason = f"somebody moved the alias champion to version {_text(champion) or 'none'} meanwhile"
    return PromoteDecision(
        actions=(SetVerdict(begun.version, Verdict.REJECTED, reason, facts.gate),)
    )


def a_version_has_no_verdict_yet(facts: Facts) -> PromoteDecision | None:
    version = candidate(facts.resource, facts.registry)
    if version is None or facts.resource.spec.suspend:
        return None
    artifact = facts.observed.artifacts.get(version.version)
    if artifact is None:
        return None
    if isinstance(artifact, Failure):
        if artifact.reason is not Reason.ARTIFACT_REJECTED:
            return PromoteDecision(
                f"version {version.version} cannot be judged yet: {artifact.message}",
                waiting=artifact,
            )
        return _reject(facts, version, f"{artifact.reason}: {artifact.message}")
    if evaluate_gate(facts.resource, artifact, None, None).outcome is Outcome.REJECTED:
        return _judge(facts, version, artifact, NotComparable())  # by its own figures
    comparison = compared(facts, version)
    if isinstance(comparison, PromoteDecision):
        return comparison
    return _judge(facts, version, artifact, comparison)


def _judge(
    facts: Facts,
    version: VersionSeen,
    contract: ContractSeen,
    comparison: Comparison | NotComparable,
) -> PromoteDecision:
    result = evaluate_gate(
        facts.resource,
        contract,
        facts.registry.champion,
        comparison if isinstance(comparison, Comparison) else None,
    )
    mode, former = facts.resource.spec.promotion.mode, _text(facts.registry.alias)

    def verdict(word: str, reason: str = result.reason) -> SetVerdict:
        return SetVerdict(version.version, word, reason, facts.gate, replaces=former)

    if mode is PromotionMode.OBSERVE:
        would = "promoted" if result.passes else result.outcome
        return PromoteDecision(
            actions=(verdict(Verdict.OBSERVED, f"would have been {would}: {result.reason}"),)
        )
    if not result.passes:
        rejected = result.outcome is Outcome.REJECTED
        word = Verdict.REJECTED if rejected else Verdict.UNDECIDED
        return _turn_down(facts, version, verdict(word))
    if mode is PromotionMode.MANUAL:
        return PromoteDecision(
            actions=(SetAlias(CHALLENGER, version.version), verdict(Verdict.AWAITING))
        )
    return PromoteDecision(
        actions=(verdict(Verdict.PROMOTING), SetAlias(CHAMPION, version.version))
    )


def _reject(facts: Facts, version: VersionSeen, reason: str) -> PromoteDecision:
    verdict = SetVerdict(version.version, Verdict.REJECTED, reason, facts.gate)
    return _turn_down(facts, version, verdict)


def _turn_down(facts: Facts, version: VersionSeen, verdict: SetVerdict) -> PromoteDecision:
    if facts.registry.challenger == version.version:
        return PromoteDecision(actions=(RemoveAlias(CHALLENGER), verdict))
    return PromoteDecision(actions=(verdict,))


def _text(version: int | None) -> str:
    return "" if version is None else str(version)
