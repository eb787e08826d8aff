"""The gate: may this version serve, as far as the holdout tells?

Called by `evaluate` with what is known of the challenger and of its comparison with the champion,
where there is one. What was not read is waited for in `promote` and `compare`, never judged here.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum

from dandelion_operator.api.spec.promotion import OnUndecided
from dandelion_operator.loop.decide.gate.judge import words
from dandelion_operator.loop.decide.gate.judge.evidence import (
    Difference,
    EvaluationFigures,
    difference,
)
from dandelion_operator.loop.decide.gate.judge.resolution import images_needed, resolution
from dandelion_operator.loop.decide.gate.judge.rules import Rules
from dandelion_operator.seen.comparison import Comparison

FLOAT_NOISE = 1e-9


class Outcome(StrEnum):
    PROMOTED = "promoted"
    REJECTED = "rejected"
    UNDECIDED = "undecided"


@dataclass(frozen=True)
class GateResult:
    """The outcome of the evidence, whether the version passes, and the reason in words.

    `passes` and `outcome` differ where the evidence is undecided and `onUndecided` let it through.
    `resolution` is the smallest difference that this holdout can tell, a share; `images_needed` is
    how many holdout images of the shared classes would tell the margin.
    """

    outcome: Outcome
    passes: bool
    reason: str
    difference: Difference | None = None
    resolution: float | None = None
    images_needed: int | None = None


def evaluate_gate(
    rules: Rules,
    figures: EvaluationFigures,
    champion: str | None = None,
    comparison: Comparison | None = None,
) -> GateResult:
    """Judges one version; `champion` is the version that serves, None where there is none.

    In this order, and the first that holds decides:

    1. the metric on the whole holdout is below `minimum`, or the recall of a class is below
       `minClassRecall`: rejected
    2. there is no champion: promoted
    3. nothing compares the two: undecided, and the champion stays
    4. challenger − champion has its upper bound below 0 and its lower bound not above −margin:
       rejected, for it is worse
    5. the difference itself is below `minImprovement`: rejected
    6. the lower bound is above −margin: promoted
    7. undecided: with PromoteIfNotWorse a version passes whose difference is not below 0

    To ask that an improvement is shown and not only measured, set `margin` to 0.
    """
    notes = words.notes(figures)
    shortfalls = _shortfalls(rules, figures)
    if shortfalls:
        return GateResult(Outcome.REJECTED, False, words.sentences(*shortfalls, *notes))
    reached = words.reached(rules.metric, figures, rules.minimum)
    if champion is None:
        alone = f"{reached}; there is no champion to compare with: it passes"
        return GateResult(Outcome.PROMOTED, True, words.sentences(alone, *notes))
    found = difference(comparison, rules.metric, rules.confidence) if comparison else None
    if comparison is None or found is None:
        why = words.not_comparable(champion, comparison, rules.metric)
        return GateResult(Outcome.UNDECIDED, False, words.sentences(reached, why, *notes))
    return _compared(
        rules, champion, comparison, found, (*words.classes(comparison, figures), *notes)
    )


def _compared(
    rules: Rules, champion: str, comparison: Comparison, found: Difference, notes: tuple[str, ...]
) -> GateResult:
    told = resolution(comparison, rules.metric, rules.confidence)
    needed = images_needed(comparison, rules.metric, rules.margin, rules.confidence)
    outcome, passes, why = _weighed(rules, found)
    if outcome is Outcome.UNDECIDED:
        notes = (words.resolution(told, needed, comparison.counts.images, rules.margin), *notes)
    measured = words.measured(
        rules.metric, champion, comparison.counts.images, found, rules.confidence, rules.margin
    )
    reason = words.sentences(f"{measured}; {why}", *notes)
    return GateResult(outcome, passes, reason, found, told, needed)


def _weighed(rules: Rules, found: Difference) -> tuple[Outcome, bool, str]:
    not_worse_by_margin = found.lower > -rules.margin
    if found.upper < 0 and not not_worse_by_margin:
        return Outcome.REJECTED, False, f"{words.worse(found, rules.margin)}: rejected"
    if rules.min_improvement and found.value < rules.min_improvement - FLOAT_NOISE:
        return Outcome.REJECTED, False, f"{words.too_little(rules.min_improvement)}: rejected"
    if not_worse_by_margin:
        return Outcome.PROMOTED, True, f"{words.not_worse(found, rules.margin)}: it passes"
    lets_through = rules.on_undecided == OnUndecided.PROMOTE_IF_NOT_WORSE
    passes = lets_through and found.value >= -FLOAT_NOISE
    why = words.undecided(rules.margin, rules.on_undecided, passes)
    return Outcome.UNDECIDED, passes, why


def _shortfalls(rules: Rules, figures: EvaluationFigures) -> tuple[str, ...]:
    found = []
    if figures.value(rules.metric) < rules.minimum - FLOAT_NOISE:
        found.append(words.below_minimum(rules.metric, figures, rules.minimum))
    if rules.min_class_recall is not None:
        least = rules.min_class_recall - FLOAT_NOISE
        weak = {
            name: item
            for name, item in figures.classes.items()
            if item.recall is not None and item.recall < least
        }
        if weak:
            found.append(words.weak_classes(weak, rules.min_class_recall))
    return tuple(found)
