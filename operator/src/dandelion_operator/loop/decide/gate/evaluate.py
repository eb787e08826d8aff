"""The gate: whether a version passes spec.promotion, and why."""

from __future__ import annotations

from dandelion_operator.api.resource import Resource
from dandelion_operator.api.spec import Metric
from dandelion_operator.seen.observed import Observed
from dandelion_operator.seen.versions import ContractSeen, RegistrySeen

FLOAT_NOISE = 1e-9


def evaluate_gate(
    resource: Resource, observed: Observed, registry: RegistrySeen, contract: ContractSeen
) -> tuple[bool, str]:
    """Whether the version with this contract passes spec.promotion, and why."""
    gate = resource.spec.promotion
    value = contract.metrics.get(gate.metric)
    if value is None:
        return False, f"its contract holds no metric {gate.metric}"
    if value < gate.minimum - FLOAT_NOISE:
        return False, f"{gate.metric} {value:.4g} is below promotion.minimum {gate.minimum}"
    champion = registry.champion
    reached = f"{gate.metric} {value:.4g} reaches promotion.minimum {gate.minimum}"
    if champion is None:
        return True, f"{reached}; there is no champion to compare with"
    former = _champion_metric(observed, champion, gate.metric)
    if former is None:
        return True, f"{reached}; the {gate.metric} of champion {champion} is not known"
    needed = former + gate.min_improvement
    against = f"champion {champion} has {former:.4g}"
    if gate.min_improvement:
        against += f" and promotion.minImprovement is {gate.min_improvement}"
    if value < needed - FLOAT_NOISE:
        return False, f"{gate.metric} {value:.4g} is not enough: {against}"
    return True, f"{reached}; {against}"


def _champion_metric(observed: Observed, champion: int, metric: Metric) -> float | None:
    contract = observed.artifacts.get(champion)
    if isinstance(contract, ContractSeen):
        return contract.metrics.get(metric)
    remembered = observed.previous.champion
    if remembered is not None and remembered.version == str(champion):
        return remembered.metrics.get(metric)
    return None
