"""How often the promotion gate is wrong: versions of a known quality, judged by the real gate.

Needs no cluster. A version is truly worse than its champion by the margin, equal, or better by the
margin; thousands of holdouts are drawn, and the gate judges each of them. The whole tables go to
`bench-results/gate.md` and `bench-results/gate.json`.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from dandelion_operator.loop.decide.gate.judge import Outcome, evaluate_gate
from dandelion_operator.loop.decide.gate.judge.evidence import EvaluationFigures
from dandelion_operator.seen.comparison import Comparison, PairedCounts, PairedMacroF1

from tests.bench.chance.macro_f1 import Ints, Population, harmed, paired_bootstrap
from tests.bench.figures import Figure

RESULTS = Path("bench-results")
SEED = 20261121
MARGIN = 0.02
IMAGES = (100, 400, 1000)
ACCURACIES = (0.8, 0.9, 0.97)
DISCORDANCES = (0.04, 0.08, 0.15)
TRUTHS = (-MARGIN, 0.0, MARGIN)
GOALS = {"accuracy": "≤ 5", "macroF1": "about 5"}
VERSIONS = 10_000
MACRO_F1_WORSE, MACRO_F1_OTHERS = 2_000, 500


@dataclass(frozen=True)
class Rules:
    """The default rules, but for a minimum that no version fails."""

    metric: str = "accuracy"
    on_undecided: str = "Hold"
    minimum: float = 0.0
    margin: float = MARGIN
    confidence: float = 0.95
    min_class_recall: float | None = None
    min_improvement: float = 0.0


@dataclass(frozen=True)
class Row:
    """What became of the versions of one kind, in per cent of them."""

    metric: str
    kind: str
    images: int
    truth: float  # challenger − champion, a share
    versions: int
    hold: float
    promote_if_not_worse: float
    rejected: float


def measure() -> list[Figure]:
    """The shares that pass, by metric, holdout and truth; the worst case of all kinds."""
    random = np.random.default_rng(SEED)
    rows = [*_accuracy(random), *_macro_f1(random)]
    RESULTS.mkdir(exist_ok=True)
    (RESULTS / "gate.json").write_text(json.dumps([asdict(row) for row in rows], indent=2) + "\n")
    (RESULTS / "gate.md").write_text(_markdown(rows))
    return [*_figures(rows, "accuracy"), *_figures(rows, "macroF1")]


def _accuracy(random: np.random.Generator) -> Iterator[Row]:
    for images in IMAGES:
        for accuracy in ACCURACIES:
            for discordance in DISCORDANCES:
                for truth in TRUTHS:
                    cells = _cells(accuracy, discordance, truth)
                    if min(cells) >= 0:
                        kind = f"champion {accuracy:g}, {discordance:.0%} answered differently"
                        drawn = random.multinomial(images, cells, VERSIONS)
                        yield _judged("accuracy", kind, truth, *_compared(drawn, images))


def _cells(accuracy: float, discordance: float, truth: float) -> tuple[float, float, float, float]:
    """Chances of an image: both right, challenger alone, champion alone, both wrong."""
    alone, champion_alone = (discordance + truth) / 2, (discordance - truth) / 2
    return accuracy - champion_alone, alone, champion_alone, 1 - accuracy - alone


def _compared(drawn: Ints, images: int) -> tuple[list[Comparison], Ints]:
    """The comparisons that differ, and how often each was drawn.

    Images that both got right or both got wrong count alike, so they are not told apart.
    """
    alone, often = np.unique(drawn[:, 1:3], axis=0, return_counts=True)
    tables = [(images - wins - losses, wins, losses, 0) for wins, losses in alone.tolist()]
    unused = PairedMacroF1(0.0, 0.0)
    found = [Comparison(PairedCounts(*table), unused, shared=("all",)) for table in tables]
    return found, often


def _macro_f1(random: np.random.Generator) -> Iterator[Row]:
    for images in IMAGES:
        for where in ("every class", "the rarest class"):
            for truth in TRUTHS:
                population = harmed(where, truth)
                versions = MACRO_F1_WORSE if truth < 0 else MACRO_F1_OTHERS
                comparisons = [
                    _resampled(population, counts, random)
                    for counts in random.multinomial(images, population.cells, versions)
                ]
                ones = np.ones(len(comparisons), dtype=np.int64)
                yield _judged("macroF1", f"differs in {where}", truth, comparisons, ones)


def _resampled(population: Population, counts: Ints, random: np.random.Generator) -> Comparison:
    challenger, champion, quantiles = paired_bootstrap(population, counts, random)
    paired = PairedMacroF1(challenger, champion, tuple(float(item) for item in quantiles))
    return Comparison(PairedCounts(*population.paired(counts)), paired, shared=("all",))


def _judged(
    metric: str, kind: str, truth: float, comparisons: list[Comparison], drawn: Ints
) -> Row:
    unknown = EvaluationFigures(0, 1.0, 1.0)
    lenient = Rules(metric, "PromoteIfNotWorse")
    hold = [evaluate_gate(Rules(metric), unknown, "1", item) for item in comparisons]
    passed = [evaluate_gate(lenient, unknown, "1", item).passes for item in comparisons]

    def share(which: list[bool]) -> float:
        return round(100 * float(np.average(which, weights=drawn)), 2)

    return Row(
        metric=metric,
        kind=kind,
        images=comparisons[0].counts.images,
        truth=truth,
        versions=int(drawn.sum()),
        hold=share([item.passes for item in hold]),
        promote_if_not_worse=share(passed),
        rejected=share([item.outcome is Outcome.REJECTED for item in hold]),
    )


def _figures(rows: list[Row], metric: str) -> Iterator[Figure]:
    for images in IMAGES:
        for truth, words in zip(TRUTHS, ("worse by the margin", "equal", "better"), strict=True):
            alike = [
                row
                for row in rows
                if (row.metric, row.images, row.truth) == (metric, images, truth)
            ]
            for policy in ("hold", "promote_if_not_worse"):
                shares = [getattr(row, policy) for row in alike]
                goal = GOALS[metric] if truth < 0 and policy == "hold" else ""
                name = "Hold" if policy == "hold" else "PromoteIfNotWorse"
                spread = f"{min(shares):.1f} … {max(shares):.1f}"
                yield Figure(
                    f"{metric}, {images} images, {words}: passes with {name}", spread, "%", goal
                )


def _markdown(rows: list[Row]) -> str:
    """One line a kind and holdout; in each cell the share that passes: Hold / PromoteIfNotWorse."""
    head = [
        "| metric | images | versions | worse by 2 points | equal | better by 2 points |",
        "| --- | --- | --- | --- | --- | --- |",
    ]
    found = {(row.metric, row.images, row.kind, row.truth): row for row in rows}
    lines = []
    for metric, images, kind in dict.fromkeys((r.metric, r.images, r.kind) for r in rows):
        cells = (found.get((metric, images, kind, truth)) for truth in TRUTHS)
        told = (f"{r.hold:.1f} / {r.promote_if_not_worse:.1f} %" if r else "–" for r in cells)
        lines.append(f"| {metric} | {images} | {kind} | {' | '.join(told)} |")
    return "\n".join([*head, *lines]) + "\n"
