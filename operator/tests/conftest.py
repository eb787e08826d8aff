"""Logs are for operators of the operator; in a failing test the world's own words say more."""

from __future__ import annotations

from pathlib import Path

import pytest
import structlog
from dandelion_operator.ports.kube import cluster
from dandelion_operator.ports.registry import calls
from hypothesis import settings
from small_world import World

# What hypothesis is given here is whole histories, each of which takes a while. The short form
# draws the same ones each time, so that a change is judged by what it changes; the long one draws
# others.
settings.register_profile("short", max_examples=20, deadline=None, database=None, derandomize=True)
settings.register_profile("long", max_examples=2000, deadline=None, database=None)
settings.load_profile("short")

# Nobody reads what is logged here, so nothing is rendered.
structlog.configure(
    processors=[], logger_factory=structlog.ReturnLoggerFactory(), cache_logger_on_first_use=True
)


@pytest.fixture(autouse=True)
def at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """What is asked again is asked again without a pause."""
    monkeypatch.setattr(cluster, "PAUSES", (0.0, 0.0))
    monkeypatch.setattr(calls, "PAUSES", (0.0, 0.0))


@pytest.fixture
def world(tmp_path: Path) -> World:
    return World(tmp_path)
