"""The figures that a verdict rests on, for its receipt in the history."""

from __future__ import annotations

from dandelion_operator.api.resource import Resource
from dandelion_operator.api.status.history import Figures
from dandelion_operator.loop.decide.gate.judge.evidence import difference
from dandelion_operator.seen.comparison import Comparison
from dandelion_operator.seen.conclusions.candidate import comparison_name, opponent
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.versions import ContractSeen, RegistrySeen, VersionSeen

DIGITS = 4


def figures(resource: Resource, observed: Observed, version: VersionSeen | None) -> Figures | None:
    """Both models' on the same images, or the version's own on its whole holdout where nothing
    compares it; None where its contract is not in sight.
    """
    registry, rules = observed.registry, resource.spec.promotion
    contract = observed.artifacts.get(version.version) if version is not None else None
    if version is None or not isinstance(contract, ContractSeen):
        return None
    champion = opponent(registry, version) if isinstance(registry, RegistrySeen) else None
    name = comparison_name(version, champion) if champion is not None else None
    comparison = observed.comparisons.get(name) if name is not None else None
    if isinstance(comparison, Comparison):
        found = difference(comparison, rules.metric, rules.confidence)
        if found is not None:
            return Figures(
                metric=rules.metric,
                challenger=round(found.challenger, DIGITS),
                champion=round(found.champion, DIGITS),
                interval=(round(found.lower, DIGITS), round(found.upper, DIGITS)),
            )
    own = contract.metrics.get(rules.metric)
    return None if own is None else Figures(metric=rules.metric, challenger=round(own, DIGITS))
