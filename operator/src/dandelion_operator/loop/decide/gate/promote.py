"""Promote?: evaluate the gate once a version, move the alias, or follow whoever moved it.

A promotion is a chain of writes: the verdict `passed`, the alias taken from the former champion,
the verdict `promoting`, the alias given to the version, the history entry, the verdict `promoted`.
Each state in between differs from every other and from what a person makes of it, so a crash is
picked up where it was, and an alias that a person set, be it to the former champion, stays.
"""

from __future__ import annotations

from dandelion_operator.api.reasons import Failure, Reason
from dandelion_operator.api.resource import Resource
from dandelion_operator.api.spec.promotion import PromotionMode
from dandelion_operator.api.status.history import GATE, PERSON
from dandelion_operator.loop.decide.gate.compare import NotComparable, compared, suspended
from dandelion_operator.loop.decide.gate.evaluate import evaluate_gate
from dandelion_operator.loop.decide.gate.facts import Facts
from dandelion_operator.loop.decide.gate.judge import Outcome
from dandelion_operator.loop.decide.gate.request import a_person_asks_for_a_version
from dandelion_operator.loop.decide.gate.restore import the_registry_was_lost
from dandelion_operator.loop.decide.plan.actions import Action
from dandelion_operator.loop.decide.plan.decisions import PromoteDecision, Promotion
from dandelion_operator.loop.decide.plan.versions import (
    ConfirmAlias,
    RemoveAlias,
    SetAlias,
    SetVerdict,
)
from dandelion_operator.seen.comparison import Comparison
from dandelion_operator.seen.conclusions.candidate import candidate, opponent
from dandelion_operator.seen.conclusions.identity import is_own
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.versions import ContractSeen, Verdict, VersionSeen

CHAMPION, CHALLENGER = "champion", "challenger"


def promote(
    resource: Resource, observed: Observed, image_denied: Failure | None = None
) -> PromoteDecision:
    if isinstance(observed.registry, Failure):
        return PromoteDecision(observed.registry.message, waiting=observed.registry)
    facts = Facts(resource, observed, observed.registry, image_denied)
    for fact in (
        the_registry_was_lost,
        a_person_asks_for_a_version,
        suspended,
        the_alias_was_given_but_nobody_told,
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
                champion.version,
                Verdict.PROMOTED,
                reason,
                facts.gate,
                replaces=champion.replaces,
                by=GATE if by_gate else PERSON,
            )
        )
    if facts.registry.challenger == champion.version:
        actions.append(RemoveAlias(CHALLENGER))
    return PromoteDecision(actions=tuple(actions)) if actions else None


def the_alias_was_given_but_nobody_told(facts: Facts) -> PromoteDecision | None:
    champion = facts.registry.version(facts.registry.champion)
    if champion is None or champion.verdict != Verdict.PROMOTING:
        return None
    if facts.observed.previous.followed == str(champion.version):
        return None
    return PromoteDecision(promotion=_promotion(champion, champion.verdict_reason))


def a_promotion_was_begun(facts: Facts) -> PromoteDecision | None:
    alias = facts.registry.alias
    begun = next((item for item in facts.registry.versions if _is_begun(facts, item)), None)
    if begun is None:
        return None
    if facts.observed.previous.followed == str(begun.version):
        # It was the champion already when a person moved the alias on.
        return _settle(facts, begun, Verdict.PROMOTED, begun.verdict_reason, by=GATE)
    if alias is None:
        return _go_on(facts, begun)
    if begun.replaces != str(alias):
        reason = f"somebody moved the alias champion to version {alias} meanwhile"
        return _settle(facts, begun, Verdict.REJECTED, reason)
    if begun.verdict == Verdict.PROMOTING:
        reason = f"somebody gave the alias champion back to version {alias} meanwhile"
        return _settle(facts, begun, Verdict.REJECTED, reason)
    return None  # nothing was written yet: it is judged as if for the first time


def _is_begun(facts: Facts, version: VersionSeen) -> bool:
    return (
        version.verdict in (Verdict.PASSED, Verdict.PROMOTING)
        and version.version != facts.registry.alias
        and is_own(facts.resource, facts.observed, version)
    )


def _settle(
    facts: Facts, begun: VersionSeen, verdict: str, reason: str, by: str | None = None
) -> PromoteDecision:
    settled = SetVerdict(begun.version, verdict, reason, facts.gate, replaces=begun.replaces, by=by)
    return PromoteDecision(actions=(settled,))


def _go_on(facts: Facts, begun: VersionSeen) -> PromoteDecision:
    """No version has the alias: the former champion lost it for this one."""

    def verdict(word: str) -> SetVerdict:
        return SetVerdict(
            begun.version, word, begun.verdict_reason, begun.gate, replaces=begun.replaces
        )

    spec = facts.resource.spec
    if not spec.suspend and spec.promotion.mode is PromotionMode.AUTO:
        return PromoteDecision(
            actions=(verdict(Verdict.PROMOTING), *_give_alias(begun.version)),
            promotion=_promotion(begun, begun.verdict_reason),
        )
    former = next(
        (item for item in facts.registry.versions if str(item.version) == begun.replaces), None
    )
    if former is not None:  # as it was before; then the spec as it is now decides
        return PromoteDecision(
            actions=(verdict(Verdict.PASSED), *_give_alias(former.version)),
        )
    return PromoteDecision() if spec.suspend else _hand_over(facts, begun)


def _hand_over(facts: Facts, begun: VersionSeen) -> PromoteDecision:
    """It passed when the mode was Auto; now a person decides, or nobody."""
    if facts.resource.spec.promotion.mode is PromotionMode.OBSERVE:
        reason = f"would have been promoted: {begun.verdict_reason}"
        return _settle(facts, begun, Verdict.OBSERVED, reason)
    awaiting = _settle(facts, begun, Verdict.AWAITING, begun.verdict_reason)
    return PromoteDecision(actions=(SetAlias(CHALLENGER, begun.version), *awaiting.actions))


def _take_alias(former: int) -> tuple[Action, ...]:
    return ConfirmAlias(CHAMPION, former), RemoveAlias(CHAMPION)


def _give_alias(version: int) -> tuple[Action, ...]:
    return ConfirmAlias(CHAMPION, None), SetAlias(CHAMPION, version)


def _promotion(version: VersionSeen, reason: str) -> Promotion:
    return Promotion(version.version, reason, version.dataset_digest)


def a_version_has_no_verdict_yet(facts: Facts) -> PromoteDecision | None:
    version = candidate(facts.resource, facts.registry)
    if version is None or facts.resource.spec.suspend:
        return None
    artifact = facts.observed.artifacts.get(version.version)
    if artifact is None:
        return None
    if isinstance(artifact, Failure):
        # Never a verdict, whatever the reason: files may be put back, and a store that is being
        # restored answers as if they had never been there.
        verb = "be served" if artifact.reason is Reason.ARTIFACT_REJECTED else "be judged yet"
        return PromoteDecision(
            f"version {version.version} cannot {verb}: {artifact.message}", waiting=artifact
        )
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
    found = comparison if isinstance(comparison, Comparison) else None
    champion = facts.registry.version(facts.registry.champion)
    against = opponent(facts.registry, version) if found is not None else champion
    result = evaluate_gate(
        facts.resource, contract, None if against is None else against.version, found
    )
    mode, former = facts.resource.spec.promotion.mode, _text(facts.registry.alias)

    def verdict(word: str, reason: str = result.reason) -> SetVerdict:
        rests_on = found.digest if found is not None else ""
        return SetVerdict(
            version.version, word, reason, facts.gate, replaces=former, comparison=rests_on
        )

    if mode is PromotionMode.OBSERVE:
        would = "promoted" if result.passes else result.outcome
        observed = verdict(Verdict.OBSERVED, f"would have been {would}: {result.reason}")
        return _turn_down(facts, version, observed)
    if not result.passes:
        rejected = result.outcome is Outcome.REJECTED
        word = Verdict.REJECTED if rejected else Verdict.UNDECIDED
        return _turn_down(facts, version, verdict(word))
    if mode is PromotionMode.MANUAL:
        return PromoteDecision(
            actions=(SetAlias(CHALLENGER, version.version), verdict(Verdict.AWAITING))
        )
    alias = facts.registry.alias
    taken = () if alias is None else (verdict(Verdict.PASSED), *_take_alias(alias))
    return PromoteDecision(
        actions=(*taken, verdict(Verdict.PROMOTING), *_give_alias(version.version)),
        promotion=_promotion(version, result.reason),
    )


def _turn_down(facts: Facts, version: VersionSeen, verdict: SetVerdict) -> PromoteDecision:
    if facts.registry.challenger == version.version:
        return PromoteDecision(actions=(RemoveAlias(CHALLENGER), verdict))
    return PromoteDecision(actions=(verdict,))


def _text(version: int | None) -> str:
    return "" if version is None else str(version)
