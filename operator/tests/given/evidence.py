"""Short ways to say what the gate is asked and what was measured, for the tables."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from dandelion_operator.loop.decide.gate.judge.evidence import EvaluationFigures
from dandelion_operator.seen.comparison import ClassFigures, Comparison, PairedCounts, PairedMacroF1


@dataclass(frozen=True)
class Asked:
    metric: str = "accuracy"
    minimum: float = 0.8
    margin: float = 0.02
    confidence: float = 0.95
    min_class_recall: float | None = None
    min_improvement: float = 0.0
    on_undecided: str = "PromoteIfNotWorse"


PLAIN = Asked()
HOLD = Asked(on_undecided="Hold")
BETTER = Asked(margin=0.0, on_undecided="Hold")
MACRO = Asked(metric="macroF1", minimum=0.5)


def figures(accuracy: float = 0.93, macro_f1: float = 0.9, **about: Any) -> EvaluationFigures:
    return EvaluationFigures(412, accuracy, macro_f1, **about)


def classes(**recall: tuple[float | None, int]) -> Mapping[str, ClassFigures]:
    return {name: ClassFigures(images, share) for name, (share, images) in recall.items()}


def spread(value: float, deviation: float) -> tuple[float, ...]:
    """199 evenly spaced quantiles of an even spread around a value."""
    return tuple(value + deviation * (n - 100) / 50 for n in range(1, 200))


def compared(
    wins: int = 0, losses: int = 0, images: int = 1000, wrong: int = 0, **about: Any
) -> Comparison:
    counts = PairedCounts(images - wins - losses - wrong, wins, losses, wrong)
    known = {"macro_f1": PairedMacroF1(0.9, 0.9, spread(0, 0.01)), "shared": ("daisy", "fern")}
    return Comparison(counts, **(known | about))


def macro(challenger: float, champion: float, deviation: float) -> Comparison:
    paired = PairedMacroF1(challenger, champion, spread(challenger - champion, deviation))
    return compared(20, 20, 4000, macro_f1=paired)
