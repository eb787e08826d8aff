"""The figures as Markdown and as plots: a row a figure, a column a number of resources."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from tests.bench.many.plot import plot
from tests.bench.many.scenarios import SCENARIOS, Scenario

# Of one scenario, by the number of resources.
Figures = Mapping[str, Mapping[str, Any]]

# Words, digits after the point, and the goals at 1,000 and at 10,000.
ROWS: dict[str, tuple[str, int, str]] = {
    "settled_after_first": ("all at once: settled, s after the first was applied", 1, ""),
    "settled_after_last": ("… after the last was applied, s", 1, "≤ 20 at 1,000"),
    "arrivals_median": ("20 a second: median, s", 2, ""),
    "arrivals_p95": ("20 a second: 95th percentile, s", 2, "≤ 2"),
    "calm_median": ("2 a second: median, s", 2, ""),
    "calm_p95": ("2 a second: 95th percentile, s", 2, ""),
    "restart_settled": ("restart: all looked after again, s", 1, "≤ 10 at 1,000"),
    "restart_writes": ("restart: writes", 0, "0"),
    "idle_operator": ("idle: operator, % of a processor", 1, "≤ 2 at 1,000, ≤ 10 at 10,000"),
    "idle_mlflow": ("idle: MLflow, % of a processor", 1, "≤ 2 at 1,000"),
    "idle_reads_a_second": ("idle: reads of the API server a second", 2, "≤ 2 at 1,000"),
    "idle_writes_a_second": ("idle: writes a second", 2, "0"),
    "resident": ("operator, resident, MB", 0, "≤ 300 at 1,000, ≤ 700 at 10,000"),
    "alias_noticed": ("an alias moved: told in the status, s", 1, "≤ 5 at 10,000"),
    "alias_served": ("… until that version alone serves, s", 1, ""),
    "promoted": ("a version judged, promoted and serving, one at a time: median, s", 1, ""),
    "promoted_mlflow": ("… seconds of MLflow's processor each", 2, ""),
    "load_before": ("load of the machine before", 1, ""),
}
SHARES = {
    "settling": ("all at once, seconds of a processor", 1),
    "restarting": ("restart, seconds of a processor", 1),
    "idle": ("idle, % of a processor", 1),
    "resident": ("resident, MB", 0),
}
LINES = {
    "all at once, s": "settled_after_first",
    "20 a second, p95, s": "arrivals_p95",
    "restart, s": "restart_settled",
    "operator idle, %": "idle_operator",
    "resident, MB": "resident",
    "alias noticed, s": "alias_noticed",
}


def report(results: Mapping[str, Figures]) -> str:
    """A section for each scenario that was measured."""
    return "\n".join(
        f"## Resources {scenario.words}\n\n{_figures(results[name])}\n{_shares(results[name])}"
        for name, scenario in SCENARIOS.items()
        if name in results
    )


def growth(scenario: Scenario, figures: Figures) -> str:
    """The plot of what grows with the number of resources, as SVG."""
    return plot(
        f"The operator with many resources, {scenario.name}",
        {
            words: [(float(size), float(figures[size][name])) for size in _sizes(figures)]
            for words, name in LINES.items()
        },
    )


def _figures(figures: Figures) -> str:
    sizes = _sizes(figures)
    rows = _head("resources", sizes, "goal")
    for name, (words, digits, goal) in ROWS.items():
        values = [figures[size].get(name) for size in sizes]
        if any(value is not None for value in values):
            rows.append(_row(words, *(_number(value, digits) for value in values), goal))
    return "\n".join(rows) + "\n"


def _shares(figures: Figures) -> str:
    """Whose work it was: the machine's processors are shared by all of it."""
    sizes = _sizes(figures)
    rows = _head("whose work", sizes)
    parts = list(dict.fromkeys(part for size in sizes for part in figures[size]["shares"]))
    for name, (words, digits) in SHARES.items():
        for part in parts:
            shares = [figures[size]["shares"].get(part, {}).get(name) for size in sizes]
            if any(share for share in shares):
                rows.append(_row(f"{words}: {part}", *(_number(item, digits) for item in shares)))
    return "\n".join(rows) + "\n"


def _sizes(figures: Figures) -> list[str]:
    return sorted(figures, key=int)


def _head(first: str, sizes: Sequence[str], *last: str) -> list[str]:
    numbers = (f"{int(size):,}" for size in sizes)
    rule = "| --- |" + " ---: |" * len(sizes) + " --- |" * len(last)
    return [_row(first, *numbers, *last), rule]


def _row(*cells: str) -> str:
    return "| " + " | ".join(cells) + " |"


def _number(value: float | None, digits: int) -> str:
    return "–" if value is None else f"{value:,.{digits}f}"
