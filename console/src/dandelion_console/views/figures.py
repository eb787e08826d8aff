"""Figures in words: the same digits everywhere, and nothing where nothing is known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from dandelion_console.resource import ModelDeployment
from dandelion_console.status import Drift, LiveAccuracy

NAMES = {"accuracy": "accuracy", "macroF1": "macro F1"}


def figure(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"


def signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.3f}".replace("-", "−")


def interval(bounds: Sequence[float]) -> str:
    """Of a difference."""
    if len(bounds) != 2:
        return ""
    return f"{signed(bounds[0])} to {signed(bounds[1])}"


def named(metric: str) -> str:
    return NAMES.get(metric, metric)


def of_version(model: ModelDeployment, metrics: Mapping[str, float]) -> str:
    """The figure that the gate goes by."""
    metric = model.spec.promotion.metric
    value = metrics.get(metric)
    return "" if value is None else f"{named(metric)} {figure(value)}"


def live(accuracy: LiveAccuracy | None) -> str:
    """`0.930, 0.880 to 0.970 of 120 reviewed`."""
    if accuracy is None or accuracy.accuracy is None:
        return ""
    words = figure(accuracy.accuracy)
    if accuracy.lower is not None and accuracy.upper is not None:
        words += f", {figure(accuracy.lower)} to {figure(accuracy.upper)}"
    return words + ("" if accuracy.reviewed is None else f" of {accuracy.reviewed} reviewed")


def drift(seen: Drift | None) -> str:
    """In units of the threshold."""
    return "" if seen is None or seen.score is None else f"{seen.score:.2f} × threshold"
