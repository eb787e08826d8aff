"""What the status tells of the newest version's evaluation: how it compares with the champion."""

from __future__ import annotations

from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status.versions import Evaluation
from dandelion_operator.loop.decide.gate.evaluate import evaluate_gate, never_answered
from dandelion_operator.seen.comparison import Comparison
from dandelion_operator.seen.conclusions.candidate import (
    comparison_name,
    newest_of_training_hash,
    opponent,
)
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.versions import ContractSeen, RegistrySeen, VersionSeen

NAMED = 20
DIGITS = 4


def evaluation(resource: Resource, observed: Observed) -> Evaluation | None:
    registry, before = observed.registry, observed.previous.evaluation
    if not isinstance(registry, RegistrySeen):
        return before
    newest = newest_of_training_hash(resource, registry)
    contract = observed.artifacts.get(newest.version) if newest is not None else None
    if newest is None or not isinstance(contract, ContractSeen):
        return before
    champion = opponent(registry, newest)
    name = comparison_name(newest, champion) if champion is not None else None
    comparison = observed.comparisons.get(name) if name is not None else None
    if champion is not None and champion is not newest and isinstance(comparison, Comparison):
        return _beside(resource, newest, contract, champion, comparison)
    if before is not None and before.challenger == str(newest.version):
        return before  # what it was judged by is known already
    judged = newest.verdict or registry.champion is None
    return _alone(resource, newest, contract) if judged else None


def _beside(
    resource: Resource,
    newest: VersionSeen,
    contract: ContractSeen,
    champion: VersionSeen,
    comparison: Comparison,
) -> Evaluation:
    result = evaluate_gate(resource, contract, champion.version, comparison)
    found = result.difference
    return Evaluation(
        dataset_version=newest.dataset_digest or None,
        challenger=str(newest.version),
        champion=str(champion.version),
        images=comparison.counts.images,
        difference=round(found.value, DIGITS) if found else None,
        interval=(round(found.lower, DIGITS), round(found.upper, DIGITS)) if found else (),
        verdict=result.outcome.value,
        challenger_only=comparison.counts.challenger_only,
        champion_only=comparison.counts.champion_only,
        both_wrong=comparison.counts.wrong,
        gained=comparison.gained[:NAMED],
        lost=comparison.lost[:NAMED],
        never_answered=never_answered(contract, comparison)[:NAMED],
    )


def _alone(resource: Resource, newest: VersionSeen, contract: ContractSeen) -> Evaluation:
    return Evaluation(
        dataset_version=newest.dataset_digest or None,
        challenger=str(newest.version),
        images=contract.holdout,
        verdict=evaluate_gate(resource, contract, None, None).outcome.value,
        never_answered=never_answered(contract, None)[:NAMED],
    )
