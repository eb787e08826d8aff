"""Promote?: evaluate the gate once a version, move the alias, or follow whoever moved it.

A promotion is three writes: the verdict `promoting`, the alias, the verdict `promoted`. The last
one waits until the history holds its entry, so a crash between any two of them is picked up where
it was, and the entry tells who moved the alias.
"""

from __future__ import annotations

from dataclasses import dataclass

from dandelion_operator.api import digests
from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.spec import PromotionMode
from dandelion_operator.loop.decide.gate.evaluate import evaluate_gate
from dandelion_operator.loop.decide.plan import (
    Action,
    PromoteDecision,
    RemoveAlias,
    SetAlias,
    SetVerdict,
)
from dandelion_operator.seen.candidate import candidate
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.versions import RegistrySeen, Verdict, VersionSeen

CHAMPION, CHALLENGER = "champion", "challenger"


@dataclass(frozen=True)
class Facts:
    resource: Resource
    observed: Observed
    registry: RegistrySeen

    @property
    def gate(self) -> str:
        return digests.gate(self.resource)


def promote(resource: Resource, observed: Observed) -> PromoteDecision:
    if isinstance(observed.registry, Failure):
        return PromoteDecision(observed.registry.message, waiting=observed.registry)
    facts = Facts(resource, observed, observed.registry)
    for fact in (
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
        actions.append(SetVerdict(champion.version, Verdict.PROMOTED, reason, facts.gate))
    if facts.registry.challenger == champion.version:
        actions.append(RemoveAlias(CHALLENGER))
    return PromoteDecision(actions=tuple(actions)) if actions else None


def a_promotion_was_begun(facts: Facts) -> PromoteDecision | None:
    begun = next(
        (item for item in facts.registry.versions if item.verdict == Verdict.PROMOTING), None
    )
    champion = facts.registry.champion
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
    passed, reason = evaluate_gate(facts.resource, facts.observed, facts.registry, artifact)
    mode = facts.resource.spec.promotion.mode
    if mode is PromotionMode.OBSERVE:
        verb = "promoted" if passed else "rejected"
        return PromoteDecision(
            actions=(
                SetVerdict(
                    version.version,
                    Verdict.OBSERVED,
                    f"would have been {verb}: {reason}",
                    facts.gate,
                ),
            )
        )
    if not passed:
        return _reject(facts, version, reason)
    if mode is PromotionMode.MANUAL:
        return PromoteDecision(
            actions=(
                SetAlias(CHALLENGER, version.version),
                SetVerdict(version.version, Verdict.AWAITING, reason, facts.gate),
            )
        )
    return PromoteDecision(
        actions=(
            SetVerdict(
                version.version,
                Verdict.PROMOTING,
                reason,
                facts.gate,
                replaces=_text(facts.registry.champion),
            ),
            SetAlias(CHAMPION, version.version),
        )
    )


def _reject(facts: Facts, version: VersionSeen, reason: str) -> PromoteDecision:
    verdict = SetVerdict(version.version, Verdict.REJECTED, reason, facts.gate)
    if facts.registry.challenger == version.version:
        return PromoteDecision(actions=(RemoveAlias(CHALLENGER), verdict))
    return PromoteDecision(actions=(verdict,))


def _text(version: int | None) -> str:
    return "" if version is None else str(version)
