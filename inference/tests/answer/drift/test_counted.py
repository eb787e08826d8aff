"""What is told of a window that was compared, whenever somebody looks."""

from __future__ import annotations

from pathlib import Path

import pytest
from dandelion_inference.ports.metrics import Metrics
from given import artifacts
from prometheus_client import Counter
from running.loading import settings

WINDOW = {"version": "3", "window": "6"}


def test_who_finds_a_window_counted_finds_its_alarm(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Windows are compared in a thread of their own, and the metrics are read in another."""
    metrics = Metrics(settings(artifacts.stored(), "http://127.0.0.1:1", tmp_path))
    seen: list[tuple[float, float]] = []
    count = Counter.inc

    def counted(name: str) -> float:
        return metrics.registry.get_sample_value(f"dandelion_drift_{name}_total", WINDOW) or 0.0

    def looked_at(counter: Counter, amount: float = 1) -> None:
        count(counter, amount)
        seen.append((counted("windows"), counted("alarms")))

    monkeypatch.setattr(Counter, "inc", looked_at)
    metrics.drift_compared(6, {"confidence": 3.0}, True)
    assert seen[-1] == (1, 1)
    assert all(alarms >= windows for windows, alarms in seen)
