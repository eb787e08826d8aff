"""The gate for a version of the registry: its contract's figures, by the rules of spec.promotion.

Called by `promote` for the verdict, and by `report` to show what it rests on.
"""

from __future__ import annotations

from dandelion_operator.api.resource import Resource
from dandelion_operator.loop.decide.gate import judge
from dandelion_operator.loop.decide.gate.judge import GateResult, Outcome
from dandelion_operator.loop.decide.gate.judge.evidence import ACCURACY, MACRO_F1, EvaluationFigures
from dandelion_operator.seen.comparison import Comparison
from dandelion_operator.seen.versions import ContractSeen


def evaluate_gate(
    resource: Resource,
    contract: ContractSeen,
    champion: int | None,
    comparison: Comparison | None,
) -> GateResult:
    """`champion` is the version that serves, None where there is none."""
    rules = resource.spec.promotion
    if rules.metric not in contract.metrics:
        return GateResult(
            Outcome.REJECTED, False, f"its contract holds no metric {rules.metric}: rejected"
        )
    return judge.evaluate_gate(
        rules,
        _figures(contract, comparison),
        None if champion is None else str(champion),
        comparison,
    )


def _figures(contract: ContractSeen, comparison: Comparison | None) -> EvaluationFigures:
    counted = sum(found.images for found in contract.by_class.values())
    return EvaluationFigures(
        images=contract.holdout or counted,
        accuracy=contract.metrics.get(ACCURACY, 0.0),
        macro_f1=contract.metrics.get(MACRO_F1, 0.0),
        classes=contract.by_class,
        never_answered=never_answered(contract, comparison),
    )


def never_answered(contract: ContractSeen, comparison: Comparison | None) -> tuple[str, ...]:
    """The classes that the version gave to no image, in the order of its classes."""
    found = {*contract.never_answered, *(comparison.never_answered if comparison else ())}
    order = {name: number for number, name in enumerate(contract.classes)}
    return tuple(sorted(found, key=lambda name: (order.get(name, len(order)), name)))
